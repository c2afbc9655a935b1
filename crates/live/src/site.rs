//! The paths of the site and their answers.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use backends::Opened;
use serde_json::{Value, json};

use crate::assets;
use crate::demos;
use crate::digits::{self, DigitNet, Digits, Runs};
use crate::error::RequestError;
use crate::export::Export;
use crate::graph::{self, Memory};
use crate::place::Place;
use crate::playground::{self, Training};
use crate::query::Query;
use crate::server::{Reply, Request};

/// What the page has beside the nets that it makes itself.
#[derive(Debug, Clone)]
pub struct Content {
    /// Lessons, and the addresses, behind the `#`, of what shows the same here: the page names the lesson.
    pub lessons: Vec<(&'static str, &'static str)>,
    /// Further nets that read drawings, each under a name of its own.
    pub nets: Vec<DigitNet>,
    /// Runs on disk, of which the page can open any.
    pub runs: Option<Arc<dyn Runs>>,
    /// The folder with MNIST, which is read when a net is trained on it.
    pub mnist: PathBuf,
}

impl Default for Content {
    /// No lessons, no further nets, no runs, and the bundled MNIST.
    fn default() -> Self {
        Self {
            lessons: vec![],
            nets: vec![],
            runs: None,
            mnist: datasets::bundled_mnist_dir(),
        }
    }
}

/// Computes the answer to a request.
type Compute<T> = fn(&Site, Query) -> Result<T, RequestError>;

/// What answers need: where to compute.
#[derive(Debug)]
pub(crate) struct Site {
    place: Place,
    backend: String,
    lessons: Vec<(&'static str, &'static str)>,
    memory: Memory,
    training: Training,
    digits: Digits,
}

impl Site {
    pub(crate) fn new(backend: &Opened, content: Content) -> Self {
        Self {
            place: Place::of(backend),
            backend: backend.description(),
            lessons: content.lessons,
            memory: Memory::default(),
            training: Training::default(),
            digits: Digits::new(content.nets, content.runs, content.mnist),
        }
    }

    /// The answer to a request that may be served.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        if request.method != "GET" {
            return Reply::error(405, "expected GET");
        }
        if let Some(asset) = assets::find(&request.path) {
            return Reply::new(asset.content_type, asset.body);
        }
        let file: Option<Compute<Export>> = match request.path.as_str() {
            "/api/playground/weights" => {
                Some(|site, query| playground::export(&site.training, query))
            }
            "/api/digits/weights" => Some(|site, query| site.digits.export(&site.place, query)),
            _ => None,
        };
        if let Some(file) = file {
            return match Query::parse(&request.query).and_then(|query| file(self, query)) {
                Ok(Export {
                    content_type,
                    bytes,
                }) => Reply::new(content_type, bytes),
                Err(error) => Reply::error(400, &error.to_string()),
            };
        }
        let compute: Compute<Value> = match request.path.as_str() {
            "/api/about" => |site, _| Ok(site.about()),
            "/api/nets" => |site, _| Ok(site.digits.names()),
            "/api/net" => |site, query| site.digits.about(&site.place, query),
            "/api/runs" => |site, _| Ok(site.digits.runs()),
            "/api/graph" => |site, query| graph::trace(&site.place, &site.memory, query),
            "/api/rule" => |site, query| graph::rule(&site.place, &site.memory, query),
            "/api/digit" => |site, query| digits::digit(&site.place, &site.digits, query),
            "/api/descent" => |_, query| demos::descent(query),
            "/api/bumps" => |_, query| demos::bumps(query),
            "/api/softmax" => |site, query| demos::softmax(&site.place, query),
            _ => return Reply::error(404, "there is nothing at this address; go to /"),
        };
        match Query::parse(&request.query).and_then(|query| compute(self, query)) {
            Ok(value) => Reply::json(200, &value),
            Err(error) => Reply::error(400, &error.to_string()),
        }
    }

    /// Whether the answer to a request is a training that is shown while it goes on.
    pub(crate) fn is_training(request: &Request) -> bool {
        request.method == "GET"
            && ["/api/playground", "/api/training"].contains(&request.path.as_str())
    }

    /// Trains as a request says and gives what there is to show to `send`, until that fails.
    pub(crate) fn train(
        &self,
        request: &Request,
        send: impl FnMut(&Value) -> io::Result<()>,
    ) -> Result<(), Reply> {
        let trained = Query::parse(&request.query).and_then(|query| match &*request.path {
            "/api/training" => digits::run(&self.place, &self.digits.training, query, send),
            _ => playground::run(&self.place, &self.training, query, send),
        });
        trained.map_err(|error| Reply::error(400, &error.to_string()))
    }

    fn about(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "counterparts": self.lessons,
            "backend": self.backend,
            "dtype": format!("{:?}", self.place.dtype).to_lowercase(),
        })
    }
}

//! The paths of the site and their answers.

use std::io;

use backends::Opened;
use serde_json::{Value, json};

use crate::assets;
use crate::demos;
use crate::digits::{self, Digits};
use crate::error::RequestError;
use crate::graph::{self, Memory};
use crate::place::Place;
use crate::playground::{self, Training};
use crate::query::Query;
use crate::server::{Reply, Request};

/// What answers need: where to compute.
#[derive(Debug)]
pub(crate) struct Site {
    place: Place,
    backend: String,
    memory: Memory,
    training: Training,
    digits: Digits,
}

impl Site {
    pub(crate) fn new(backend: &Opened) -> Self {
        Self {
            place: Place::of(backend),
            backend: backend.description(),
            memory: Memory::default(),
            training: Training::default(),
            digits: Digits::default(),
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
        let compute: fn(&Self, Query) -> Result<Value, RequestError> = match request.path.as_str() {
            "/api/about" => |site, _| Ok(site.about()),
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
        request.method == "GET" && request.path == "/api/playground"
    }

    /// Trains as a request says and gives what there is to show to `send`, until that fails.
    pub(crate) fn train(
        &self,
        request: &Request,
        send: impl FnMut(&Value) -> io::Result<()>,
    ) -> Result<(), Reply> {
        let trained = Query::parse(&request.query)
            .and_then(|query| playground::run(&self.place, &self.training, query, send));
        trained.map_err(|error| Reply::error(400, &error.to_string()))
    }

    fn about(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "backend": self.backend,
            "dtype": format!("{:?}", self.place.dtype).to_lowercase(),
        })
    }
}

//! Part 3: a net that learns MNIST, and a drawing that it or another one reads.

mod learner;
mod net;
mod pad;
mod plan;
mod runs;
mod training;
mod view;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::error::RequestError;
use crate::export::{self, Export};
use crate::place::Place;
use crate::query::Query;

pub use net::DigitNet;
pub(crate) use pad::digit;
use plan::Plan;
use runs::Folder;
pub use runs::{Accuracy, Run, Runs};
use training::Training;
pub(crate) use training::run;

/// The nets, and the trainings that go on.
#[derive(Debug)]
pub(crate) struct Digits {
    pretrained: OnceLock<Arc<DigitNet>>,
    nets: Vec<Arc<DigitNet>>,
    folder: Folder,
    pub(crate) training: Training,
}

impl Digits {
    /// With further nets, the runs that can be opened, and the folder that MNIST is read from.
    pub(crate) fn new(nets: Vec<DigitNet>, runs: Option<Arc<dyn Runs>>, mnist: PathBuf) -> Self {
        Self {
            pretrained: OnceLock::new(),
            nets: nets.into_iter().map(Arc::new).collect(),
            folder: Folder::new(runs),
            training: Training::new(mnist),
        }
    }

    /// The names of the nets that can be asked besides the one that is trained on the page.
    pub(crate) fn names(&self) -> Value {
        let names = self.nets.iter().map(|net| net.name());
        json!(["pretrained"].into_iter().chain(names).collect::<Vec<_>>())
    }

    /// The runs that can be opened.
    pub(crate) fn runs(&self) -> Value {
        self.folder.list()
    }

    /// Takes from an address the net that is asked: by its name, or the training and its step.
    fn take(&self, place: &Place, query: &mut Query) -> Result<Arc<DigitNet>, RequestError> {
        let name = query
            .take("net")?
            .unwrap_or_else(|| "pretrained".to_owned());
        if name == "trained" {
            let plan = Plan::take(query)?;
            let snapshot = self.training.remembered(&plan)?;
            return Ok(Arc::new(DigitNet::trained(
                snapshot.net(plan.settings(0)?.f, place)?,
            )));
        }
        // The settings of a training that is not asked stay in the address.
        Plan::take(query)?;
        if let Some(net) = self.nets.iter().find(|net| net.name() == name) {
            return Ok(Arc::clone(net));
        }
        if let Some(net) = self.folder.net(&name) {
            return net;
        }
        if name != "pretrained" {
            return Err(RequestError::Value {
                name: "net",
                got: crate::query::shortened(&name),
                expected: format!("trained or one of {}", self.names()),
            });
        }
        let pretrained = || Arc::new(DigitNet::pretrained(&place.device));
        Ok(Arc::clone(self.pretrained.get_or_init(pretrained)))
    }

    /// What the net that is asked is.
    pub(crate) fn about(&self, place: &Place, mut query: Query) -> Result<Value, RequestError> {
        let asked = self.take(place, &mut query)?;
        query.finish()?;
        let net = asked.net();
        let inputs = net.layers.iter().map(|layer| layer.weight.dims()[0]);
        Ok(json!({
            "name": asked.name(),
            "sizes": inputs.chain([plan::CLASSES]).collect::<Vec<_>>(),
            "f": net.activation.name(),
            "accuracy": asked.accuracy(),
        }))
    }

    /// The weights of the net that is asked, as a file.
    pub(crate) fn export(&self, place: &Place, mut query: Query) -> Result<Export, RequestError> {
        let form = export::take_form(&mut query)?;
        let net = self.take(place, &mut query)?;
        query.finish()?;
        export::of_mnist_mlp(&net.stack()?, form)
    }
}

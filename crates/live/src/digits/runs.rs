//! Runs on disk that the page can open.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cache::Cache;
use crate::digits::net::DigitNet;
use crate::error::RequestError;
use crate::query::shortened;

/// What an address has before the name of a run.
const PREFIX: &str = "run:";
/// The most runs that are listed.
const LISTED: usize = 200;
/// Nets of runs that are kept in memory.
const KEPT: usize = 4;

/// A run that the page lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its path below the folder of the runs.
    pub name: String,
    /// Where it is; the page is not told.
    pub folder: PathBuf,
    /// When it started, in UTC, as in `2026-01-31 14:05:00`.
    pub started: Option<String>,
    /// The share of test images that its net classifies correctly, or else of validation images.
    pub accuracy: Option<Accuracy>,
    /// Why its net cannot read drawings, if that is known.
    pub problem: Option<String>,
}

/// The share of images that a net classifies correctly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accuracy {
    /// Of test images.
    Test(f64),
    /// Of validation images, while there is no other.
    Validation(f64),
}

/// A folder of runs.
///
/// The page names a run; what is opened is the folder of the run with this name in [`Runs::list`], never a path
/// that the page wrote.
pub trait Runs: Debug + Send + Sync {
    /// What the folder is called.
    fn name(&self) -> String;

    /// The runs of the folder, at most so many, the latest first, and how many more there are.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be read, in one line.
    fn list(&self, at_most: usize) -> Result<(Vec<Run>, usize), String>;

    /// The net of a run that was listed.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, in one line.
    fn open(&self, name: &str, folder: &Path) -> Result<DigitNet, String>;
}

/// A folder of runs, if there is one, and the nets that were opened last.
#[derive(Debug)]
pub(crate) struct Folder {
    runs: Option<Arc<dyn Runs>>,
    opened: Cache<DigitNet>,
}

impl Folder {
    pub(crate) fn new(runs: Option<Arc<dyn Runs>>) -> Self {
        Self {
            runs,
            opened: Cache::new(KEPT),
        }
    }

    /// What the page lists. Nets that were opened are read again, since a run may have gone on.
    pub(crate) fn list(&self) -> Value {
        let Some(runs) = &self.runs else {
            return Value::Null;
        };
        self.opened.clear();
        match runs.list(LISTED) {
            Ok((list, more)) => json!({
                "folder": runs.name(),
                "runs": list.iter().map(listed).collect::<Value>(),
                "more": more,
            }),
            Err(problem) => json!({ "folder": runs.name(), "problem": problem }),
        }
    }

    /// The net of the run that `net` names, if it names one.
    pub(crate) fn net(&self, net: &str) -> Option<Result<Arc<DigitNet>, RequestError>> {
        let name = net.strip_prefix(PREFIX)?;
        let opened = self.opened.find(name, 0);
        Some(opened.map_or_else(|| self.open(name), Ok))
    }

    fn open(&self, name: &str) -> Result<Arc<DigitNet>, RequestError> {
        let refused = |reason: &str| {
            RequestError::Refused(format!(
                "run '{}' cannot be opened: {reason}",
                shortened(name)
            ))
        };
        let runs = self.runs.as_ref();
        let runs = runs.ok_or_else(|| refused("this server has no folder of runs"))?;
        let (list, _) = runs.list(LISTED).map_err(|reason| refused(&reason))?;
        let run = list
            .iter()
            .find(|run| run.name == name)
            .ok_or_else(|| refused("it is not in the list of runs; choose another one"))?;
        if let Some(problem) = &run.problem {
            return Err(refused(problem));
        }
        let net = runs.open(&run.name, &run.folder);
        let net = Arc::new(net.map_err(|reason| refused(&reason))?);
        self.opened.keep(name.to_owned(), 0, Arc::clone(&net));
        Ok(net)
    }
}

fn listed(run: &Run) -> Value {
    let (of, accuracy) = match run.accuracy {
        Some(Accuracy::Test(share)) => (Some("test"), Some(share)),
        Some(Accuracy::Validation(share)) => (Some("validation"), Some(share)),
        None => (None, None),
    };
    json!({
        "name": run.name,
        "net": format!("{PREFIX}{}", run.name),
        "started": run.started,
        "accuracy": accuracy,
        "of": of,
        "problem": run.problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use std::sync::Mutex;

    /// Three runs, the last one broken; remembers which folders were opened.
    #[derive(Debug, Default)]
    struct Three(Mutex<Vec<PathBuf>>);

    impl Runs for Three {
        fn name(&self) -> String {
            "runs".to_owned()
        }

        fn list(&self, _: usize) -> Result<(Vec<Run>, usize), String> {
            let run = |name: &str, problem: Option<&str>| Run {
                name: name.to_owned(),
                folder: Path::new("/runs").join(name),
                started: Some("2026-01-31 14:05:00".to_owned()),
                accuracy: Some(Accuracy::Validation(0.5)),
                problem: problem.map(str::to_owned),
            };
            let runs = [
                run("a", None),
                run("sweep/b", None),
                run("gate", Some("a net of the XOR gate")),
            ];
            Ok((runs.into(), 7))
        }

        fn open(&self, name: &str, folder: &Path) -> Result<DigitNet, String> {
            self.0.lock().unwrap().push(folder.to_owned());
            let net = DigitNet::pretrained(&Device::flex());
            DigitNet::new(name.to_owned(), net.net().clone(), 1.0)
                .map_err(|error| error.to_string())
        }
    }

    #[test]
    fn only_a_run_of_the_list_is_opened_and_once() {
        let runs = Arc::new(Three::default());
        let folder = Folder::new(Some(Arc::clone(&runs) as Arc<dyn Runs>));
        assert!(folder.net("pretrained").is_none());
        let name = |net| folder.net(net).unwrap().map(|net| net.name().to_owned());
        assert_eq!(name("run:sweep/b").as_deref(), Ok("sweep/b"));
        assert_eq!(name("run:sweep/b").as_deref(), Ok("sweep/b"));
        for (net, part) in [
            ("run:../a", "not in the list"),
            ("run:/runs/a", "not in the list"),
            ("run:./a", "not in the list"),
            ("run:sweep", "not in the list"),
            ("run:", "not in the list"),
            ("run:gate", "a net of the XOR gate"),
        ] {
            let error = name(net).unwrap_err().to_string();
            assert!(error.contains(part), "{net}: {error}");
        }
        assert_eq!(*runs.0.lock().unwrap(), [Path::new("/runs/sweep/b")]);
        // The list forgets nets, since a run may have gone on.
        folder.list();
        name("run:sweep/b").unwrap();
        assert_eq!(runs.0.lock().unwrap().len(), 2);
    }

    #[test]
    fn the_list_says_what_is_wrong_and_not_where_a_run_is() {
        let list = Folder::new(Some(Arc::new(Three::default()))).list();
        assert_eq!(
            (&list["folder"], &list["more"]),
            (&json!("runs"), &json!(7))
        );
        let broken = json!({
            "name": "gate", "net": "run:gate", "started": "2026-01-31 14:05:00",
            "accuracy": 0.5, "of": "validation", "problem": "a net of the XOR gate",
        });
        assert_eq!(list["runs"][2], broken);
        assert!(!list.to_string().contains("/runs/"), "{list}");
        assert_eq!(Folder::new(None).list(), Value::Null);
        let error = Folder::new(None).net("run:a").unwrap().unwrap_err();
        assert!(error.to_string().contains("no folder of runs"), "{error}");
    }
}

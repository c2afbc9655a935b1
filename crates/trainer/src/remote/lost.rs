//! What happens when a worker is lost: one line that says how to go on, and the end of the process.

use std::fmt::Display;
use std::panic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, Weak, mpsc};
use std::thread;
use std::time::Duration;

use burn::tensor::Device;
use programs::{Exit, complain};
use run_folder::{RunFolder, has_checkpoint};

use super::Server;

/// Time for a session to answer, when something has gone wrong already.
const FOR_A_SESSION: Duration = Duration::from_secs(5);

/// What to say of a worker when it is lost.
#[derive(Debug)]
pub(crate) struct Lost {
    /// The worker's address.
    url: String,
    device: OnceLock<Device>,
    run: Mutex<Option<Kept>>,
    is_said: AtomicBool,
}

/// A run in its folder.
#[derive(Debug)]
struct Kept {
    folder: PathBuf,
    command: String,
}

/// The link whose loss ends this process.
static LINK: Mutex<Weak<Lost>> = Mutex::new(Weak::new());

/// Name of the threads that do nothing but ask the session: a panic there is a loss.
const ASKS: &str = "session";

impl Lost {
    pub(super) fn new(server: &Server) -> Self {
        Self {
            url: server.to_string(),
            device: OnceLock::new(),
            run: Mutex::new(None),
            is_said: AtomicBool::new(false),
        }
    }

    /// Makes a panic of which the loss is the cause be said as such, on whichever thread.
    ///
    /// Burn's operations give no errors: those that read a tensor without asking for one panic.
    pub(super) fn become_of_this_process(self: &Arc<Self>) {
        static HOOKED: Once = Once::new();
        *LINK.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(self);
        HOOKED.call_once(|| {
            let of_a_defect = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                let link = LINK
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .upgrade();
                if let Some(link) = link {
                    let why = panic.payload_as_str().unwrap_or("it broke off");
                    if thread::current().name() == Some(ASKS) {
                        link.end(why);
                    }
                    link.end_if_lost(&why);
                }
                of_a_defect(panic);
            }));
        });
    }

    /// The session's device, once there is one.
    pub(super) fn session(&self, device: &Device) {
        let _ = self.device.set(device.clone());
    }

    pub(super) fn keeps(&self, folder: &RunFolder, program: &str) {
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept {
            folder: folder.path().to_owned(),
            command: folder.resume_command(program),
        });
    }

    /// Ends the process if the session has ended. It is asked on another thread: it may not answer.
    pub(super) fn end_if_lost(&self, error: &dyn Display) {
        let Some(device) = self.device.get().cloned() else {
            return;
        };
        let (send, answer) = mpsc::channel();
        let asking = thread::Builder::new().name(ASKS.to_owned());
        let is_asked = asking.spawn(move || {
            // Nobody listens if it comes too late.
            let _ = send.send(device.sync().is_ok());
        });
        if is_asked.is_ok() && !answer.recv_timeout(FOR_A_SESSION).unwrap_or(false) {
            self.end(error);
        }
    }

    /// Ends the process; the first that notices the loss says so.
    pub(super) fn end(&self, why: impl Display) -> ! {
        if self.is_said.swap(true, Ordering::Relaxed) {
            // The one that speaks ends the process.
            thread::sleep(FOR_A_SESSION);
        } else {
            let (url, remedy) = (&self.url, self.remedy());
            complain(format_args!(
                "error: the worker at {url} is lost, or the link to it ({}); {remedy}",
                one_line(&why)
            ));
        }
        std::process::exit(Exit::Failure as i32)
    }

    fn remedy(&self) -> String {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        match &*run {
            Some(Kept { folder, command }) if has_checkpoint(folder) => {
                format!("start one again, and go on from the last checkpoint with: {command}")
            }
            _ => "start one again, and repeat the command".to_owned(),
        }
    }
}

/// The first line of a text.
fn one_line(text: &impl Display) -> String {
    let text = text.to_string();
    let mut lines = text.lines().map(str::trim);
    lines
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

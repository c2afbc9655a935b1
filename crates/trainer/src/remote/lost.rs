//! What happens when a worker is lost: one line that says how to go on, and the end of the process.

use std::fmt::Display;
use std::net::SocketAddr;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, Weak, mpsc};
use std::thread;
use std::time::Duration;

use burn::tensor::Device;
use programs::{Exit, complain};
use run_folder::has_checkpoint;

use super::Server;
use super::answers::ask_at;

/// Time for a session to answer, when something has gone wrong already.
const SESSION_TIMEOUT: Duration = Duration::from_secs(5);

/// What to say of a worker when it is lost.
#[derive(Debug)]
pub(crate) struct Lost {
    /// The worker's address, as it was given.
    url: String,
    /// Where the worker answers.
    place: SocketAddr,
    device: OnceLock<Device>,
    run: Mutex<Option<Kept>>,
    is_reported: AtomicBool,
}

/// A run in its folder.
#[derive(Debug)]
struct Kept {
    folder: PathBuf,
    command: String,
    /// Whether it is one of many, with which the command goes on.
    is_of_sweep: bool,
}

/// The link whose loss ends this process.
static LINK: Mutex<Weak<Lost>> = Mutex::new(Weak::new());

/// Name of the threads that do nothing but ask the session: a panic there is a loss.
const SESSION_THREAD: &str = "session";

impl Lost {
    pub(super) fn new(server: &Server, place: SocketAddr) -> Self {
        Self {
            url: server.to_string(),
            place,
            device: OnceLock::new(),
            run: Mutex::new(None),
            is_reported: AtomicBool::new(false),
        }
    }

    /// Makes a panic of which the loss is the cause be said as such, on whichever thread.
    ///
    /// Burn's operations give no errors: those that read a tensor without asking for one panic.
    pub(super) fn install_panic_hook(self: &Arc<Self>) {
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
                    if thread::current().name() == Some(SESSION_THREAD) {
                        link.end();
                    }
                    link.end_if_lost();
                }
                of_a_defect(panic);
            }));
        });
    }

    /// The session's device, once there is one.
    pub(super) fn session(&self, device: &Device) {
        let _ = self.device.set(device.clone());
    }

    pub(super) fn set_run(&self, folder: &Path, command: String, is_of_sweep: bool) {
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept {
            folder: folder.to_owned(),
            command,
            is_of_sweep,
        });
    }

    /// Ends the process, after an error, if the session has ended or the worker does not answer. The session is asked
    /// on another thread, because it may not answer; one that is slow is not lost.
    ///
    /// Burn's own error tells of a reading that failed, and not why, so it is not repeated.
    pub(super) fn end_if_lost(&self) {
        let Some(device) = self.device.get().cloned() else {
            return;
        };
        let (send, answer) = mpsc::channel();
        let asking = thread::Builder::new().name(SESSION_THREAD.to_owned());
        let is_asked = asking.spawn(move || {
            // Nobody listens if it comes too late.
            let _ = send.send(device.sync().is_ok());
        });
        if is_asked.is_err() {
            return;
        }
        match answer.recv_timeout(SESSION_TIMEOUT) {
            Ok(true) => {}
            Ok(false) => self.end(),
            Err(_) => {
                if let Err(why) = ask_at(&self.place) {
                    self.end_without_answer(why);
                }
            }
        }
    }

    /// Ends the process: the worker, which answers if it was started again, is asked what it means.
    pub(super) fn end(&self) -> ! {
        self.report(ask_at(&self.place).err().map(|why| why.to_string()))
    }

    /// Ends the process, because the worker does not answer.
    pub(super) fn end_without_answer(&self, why: impl Display) -> ! {
        self.report(Some(why.to_string()))
    }

    /// The first that notices the loss says so, with the reason for which the worker does not answer, if it does not; then
    /// the process ends.
    fn report(&self, no_answer: Option<String>) -> ! {
        if self.is_reported.swap(true, Ordering::Relaxed) {
            // The one that speaks ends the process.
            thread::sleep(SESSION_TIMEOUT);
        } else {
            let url = &self.url;
            match no_answer {
                None => complain(format_args!(
                    "error: the worker at {url} has lost this session: it was started again, or its device failed \
                     (see the worker's standard error); {}",
                    self.remedy("")
                )),
                Some(why) => complain(format_args!(
                    "error: the worker at {url} is lost, or the link to it ({why}); {}",
                    self.remedy("restart the worker, then ")
                )),
            }
        }
        std::process::exit(Exit::Failure as i32)
    }

    /// How to go on, with what is to be done first.
    fn remedy(&self, first: &str) -> String {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        match &*run {
            None => format!("{first}repeat the command"),
            Some(Kept {
                is_of_sweep: true,
                command,
                ..
            }) => format!("{first}go on with the sweep with: {command}"),
            Some(Kept {
                folder, command, ..
            }) if has_checkpoint(folder) => {
                format!("{first}go on from the last checkpoint with: {command}")
            }
            Some(_) => format!("{first}repeat the command"),
        }
    }
}

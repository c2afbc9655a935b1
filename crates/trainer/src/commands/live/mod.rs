//! `trainer live`: the page that shows backpropagation live.

mod runs;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ::live::{Address, Content, Server};
use anyhow::{Result, ensure};
use backends::Backend;
use clap::Args;
use programs::{Exit, Results};

use crate::arguments::{DeviceOption, backend};
use runs::{RunsFolder, net_of_run};

/// Options of `live`.
#[derive(Debug, Args)]
pub(crate) struct LiveOptions {
    /// Port to listen on; 0 for any that is free.
    #[arg(long, default_value_t = Address::default().port, value_name = "PORT")]
    port: u16,

    /// Backend that computes what the page shows [default: the first of ndarray, flex and wgpu that this
    /// program was built with].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    #[command(flatten)]
    device: DeviceOption,

    /// Address of this computer to listen on. With any but a loopback address, others can open the page if
    /// they know the token in the address that is printed.
    #[arg(long, default_value_t = Address::default().ip, value_name = "ADDRESS")]
    listen: IpAddr,

    /// Run folder with a net trained on MNIST: the page lets it read drawings. Give it again for more.
    #[arg(long = "run", value_name = "FOLDER")]
    runs: Vec<PathBuf>,

    /// Folder with run folders: the page lists them, and opens those with a net trained on MNIST.
    #[arg(long, default_value = "runs", value_name = "FOLDER")]
    runs_dir: PathBuf,

    /// Folder with MNIST, for nets trained on the page [default: the bundled MNIST].
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

/// Serves the page until the program is interrupted.
///
/// # Errors
///
/// If the backend cannot run, a run has no net for images of digits, the port is taken, or the system refuses the
/// address.
pub(crate) fn run(options: &LiveOptions) -> Result<Exit> {
    let backend = options.backend.unwrap_or_else(Backend::preferred);
    let backend = backend.open_on(options.device.device)?;
    let address = Address {
        ip: options.listen,
        port: options.port,
    };
    let nets = options.runs.iter().map(|run| net_of_run(run, &backend));
    let mut content = Content {
        lessons: lessons::counterparts()?,
        nets: nets.collect::<Result<_>>()?,
        runs: Some(Arc::new(RunsFolder {
            folder: options.runs_dir.clone(),
            device: backend.device.clone(),
        })),
        ..Content::default()
    };
    if let Some(folder) = &options.data_dir {
        ensure!(
            folder.is_dir(),
            "{}: expected a folder with MNIST; name one with --data-dir",
            folder.display()
        );
        content.mnist.clone_from(folder);
    }
    let server = Server::bind(address, &backend, content)?;
    let url = server.url();
    Results::default().print(format_args!(
        "open {url} in a browser; Ctrl-C ends the server"
    ))?;
    server.run()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// The answer to a request for a path.
    fn get(port: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn lessons_name_the_place_where_the_server_listens() {
        let Address { ip, port } = Address::default();
        assert_eq!(lessons::LIVE, format!("http://{ip}:{port}/"));
    }

    #[test]
    fn every_lesson_has_a_counterpart_that_answers() {
        let address = Address {
            port: 0,
            ..Address::default()
        };
        let backend = Backend::preferred().open().unwrap();
        let server = Server::bind(address, &backend, Content::default()).unwrap();
        let url = server.url();
        std::thread::spawn(|| server.run());
        let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
        for (lesson, address) in lessons::counterparts().unwrap() {
            let (part, query) = address.split_once('?').unwrap_or((address, ""));
            // These two answer as long as a net trains.
            let (path, stop) = match part {
                "digits" => ("training", "&stop=0"),
                "playground" => ("playground", "&stop=0"),
                other => (other, ""),
            };
            let query = query.replace("net=trained", "hidden=8");
            let answer = get(port, &format!("/api/{path}?{query}{stop}"));
            assert!(answer.starts_with("HTTP/1.1 200"), "{lesson}: {answer}");
        }
    }
}

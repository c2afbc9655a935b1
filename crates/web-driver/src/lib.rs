#![doc = include_str!("../README.md")]

mod axe;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};

pub use axe::Axe;

/// How long to wait for something to appear.
const PATIENCE: Duration = Duration::from_secs(20);
/// The name of an element's id in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// An element of the page, and the XPath expression it is found by again if the page has put a new one in its place.
#[derive(Debug, Clone)]
pub struct Element {
    id: String,
    path: String,
}

impl Browser {
    /// Starts chromium.
    ///
    /// # Errors
    ///
    /// Why it is not there, if its driver is not installed.
    ///
    /// # Panics
    ///
    /// In the place of an error if `REQUIRE_BROWSER` is set, and if the driver does not do what it should.
    pub fn start() -> Result<Self, String> {
        let (driver, port) = match launch() {
            Ok(launched) => launched,
            Err(error) => {
                let required = std::env::var_os("REQUIRE_BROWSER").is_some();
                assert!(
                    !required,
                    "REQUIRE_BROWSER is set, but chromedriver does not start: {error}"
                );
                return Err(format!("chromedriver is not installed: {error}"));
            }
        };
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
        };
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-prefers-reduced-motion"],
        });
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "webSocketUrl": false,
        });
        let session = browser.request(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": capabilities } }),
        );
        browser.session = session["sessionId"]
            .as_str()
            .expect("a session has an id")
            .to_owned();
        Ok(browser)
    }

    /// Whether the reader prefers a dark page.
    pub fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        let command =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.post("/goog/cdp/execute", &command);
    }

    /// Opens an address; for another fragment of the same page, the page follows.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.post("/refresh", &json!({}));
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.in_session("GET", "/url", &Value::Null)
            .as_str()
            .expect("an address")
            .to_owned()
    }

    /// Makes the page as large as the screen of some device; a window cannot be as narrow as a telephone.
    pub fn size(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.post("/goog/cdp/execute", &command);
    }

    /// Runs a script in the page.
    pub fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script returns true.
    pub fn wait(&self, script: &str) {
        let started = Instant::now();
        while self.script(script) != true {
            let page = self.script("return document.body.innerText");
            assert!(
                started.elapsed() < PATIENCE,
                "not true in time: {script}\n{page}"
            );
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// Waits until the text of an element contains something.
    pub fn wait_for(&self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.wait(&format!("const e = document.querySelector({selector}); return e !== null && e.textContent.includes({text})"));
    }

    /// The element of an XPath expression, once it is there.
    pub fn find(&self, path: &str) -> Element {
        let started = Instant::now();
        loop {
            let found = self.post("/elements", &json!({ "using": "xpath", "value": path }));
            if let Some(id) = found[0][ELEMENT].as_str() {
                return Element {
                    id: id.to_owned(),
                    path: path.to_owned(),
                };
            }
            assert!(started.elapsed() < PATIENCE, "no element in time: {path}");
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// A button by its text or its label.
    pub fn press(&self, name: &str) {
        let path = format!("//button[normalize-space(.)='{name}' or @aria-label='{name}']");
        self.click(&self.find(&path));
    }

    /// Clicks an element.
    pub fn click(&self, element: &Element) {
        self.act_on(element, |id| (format!("/element/{id}/click"), json!({})));
    }

    /// Types keys into an element.
    pub fn keys(&self, element: &Element, keys: &str) {
        self.act_on(element, |id| {
            (format!("/element/{id}/value"), json!({ "text": keys }))
        });
    }

    /// Presses the pointer on an element's middle, moves it and lets go.
    pub fn drag(&self, element: &Element, by: [i32; 2]) {
        let go = |origin: Value, [x, y]: [i32; 2]| json!({ "type": "pointerMove", "duration": 60, "origin": origin, "x": x, "y": y });
        let half = [by[0] / 2, by[1] / 2];
        let rest = [by[0] - half[0], by[1] - half[1]];
        self.act_on(element, |id| {
            let actions = json!([
                go(json!({ ELEMENT: id }), [0, 0]),
                { "type": "pointerDown", "button": 0 },
                go(json!("pointer"), half),
                go(json!("pointer"), rest),
                { "type": "pointerUp", "button": 0 },
            ]);
            let pointer = json!({ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": actions });
            ("/actions".to_owned(), json!({ "actions": [pointer] }))
        });
    }

    /// Posts a command about an element. A page that draws itself again after an answer may put a new element in its
    /// place at any moment; the driver then refuses the command before it does anything. It finds the element stale, or,
    /// if it is replaced after that look, not displayed.
    fn act_on(&self, element: &Element, command: impl Fn(&str) -> (String, Value)) {
        let started = Instant::now();
        let mut id = element.id.clone();
        loop {
            let (path, body) = command(&id);
            let path = format!("/session/{}{path}", self.session);
            match self.try_request("POST", &path, &body) {
                Err(error)
                    if (error["error"] == "stale element reference"
                        || error["error"] == "element not interactable")
                        && started.elapsed() < PATIENCE =>
                {
                    std::thread::sleep(Duration::from_millis(25));
                    id = self.find(&element.path).id;
                }
                Err(error) => panic!("POST {path}: {error}"),
                Ok(_) => return,
            }
        }
    }

    /// What the page has complained of.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].to_string()).collect()
    }

    /// Saves a picture of the page for people to look at, if they name a folder.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("BROWSER_PICTURES").map(PathBuf::from) else {
            return;
        };
        let picture = self.in_session("GET", "/screenshot", &Value::Null);
        let bytes = base64::prelude::BASE64_STANDARD.decode(picture.as_str().expect("a picture"));
        let path = folder.join(Path::new(name).with_extension("png"));
        std::fs::write(path, bytes.expect("base64")).expect("the folder exists");
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.in_session("POST", path, body)
    }

    fn in_session(&self, method: &str, path: &str, body: &Value) -> Value {
        self.request(method, &format!("/session/{}{path}", self.session), body)
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_request(method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The answer's value, or the error in its place.
    fn try_request(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream
            .write_all((head + &body).as_bytes())
            .expect("chromedriver reads");
        // chromedriver keeps the connection open: the head says how long the answer is.
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).expect("chromedriver answers");
            let header = line.trim_end().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length is a number");
            }
            if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).expect("chromedriver answers");
        let body = String::from_utf8_lossy(&body);
        let answer: Value =
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        let value = answer["value"].clone();
        if value.get("error").is_none() {
            Ok(value)
        } else {
            Err(value)
        }
    }
}

/// Starts the driver on a port of its choice. It chooses one that is free for IPv6 and then wants the same one for IPv4;
/// where that is taken, it ends without naming one, and is started again.
fn launch() -> std::io::Result<(Child, u16)> {
    for _ in 0..5 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = driver.stdout.take().expect("the output is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.split("successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse().ok()
        });
        if let Some(port) = port {
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((driver, port));
        }
        driver.wait()?;
    }
    panic!("chromedriver ended five times without naming a port");
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.in_session("DELETE", "", &Value::Null);
        }
        // It may have ended by itself.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

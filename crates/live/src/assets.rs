//! The files of the page, inside the program.

/// A file of the page.
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

const fn asset(path: &'static str, content_type: &'static str, body: &'static str) -> Asset {
    Asset {
        path,
        content_type,
        body,
    }
}

/// All files.
const ASSETS: &[Asset] = &[
    asset("/", HTML, include_str!("../assets/index.html")),
    asset("/style.css", STYLE, include_str!("../assets/style.css")),
    asset("/icon.svg", PICTURE, include_str!("../assets/icon.svg")),
    asset("/main.js", SCRIPT, include_str!("../assets/main.js")),
    asset("/dom.js", SCRIPT, include_str!("../assets/dom.js")),
    asset("/state.js", SCRIPT, include_str!("../assets/state.js")),
    asset("/graph.js", SCRIPT, include_str!("../assets/graph.js")),
    asset("/drawing.js", SCRIPT, include_str!("../assets/drawing.js")),
    asset("/rule.js", SCRIPT, include_str!("../assets/rule.js")),
    asset(
        "/playground.js",
        SCRIPT,
        include_str!("../assets/playground.js"),
    ),
    asset(
        "/learning.js",
        SCRIPT,
        include_str!("../assets/learning.js"),
    ),
    asset("/digits.js", SCRIPT, include_str!("../assets/digits.js")),
    asset("/mnist.js", SCRIPT, include_str!("../assets/mnist.js")),
    asset("/runs.js", SCRIPT, include_str!("../assets/runs.js")),
    asset("/pixels.js", SCRIPT, include_str!("../assets/pixels.js")),
    asset("/stream.js", SCRIPT, include_str!("../assets/stream.js")),
    asset("/plot.js", SCRIPT, include_str!("../assets/plot.js")),
    asset("/save.js", SCRIPT, include_str!("../assets/save.js")),
    asset("/demo.js", SCRIPT, include_str!("../assets/demo.js")),
    asset("/descent.js", SCRIPT, include_str!("../assets/descent.js")),
    asset("/bumps.js", SCRIPT, include_str!("../assets/bumps.js")),
    asset("/softmax.js", SCRIPT, include_str!("../assets/softmax.js")),
];

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

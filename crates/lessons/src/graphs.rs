//! Computational graphs as pictures.

use computational_graph::{Graph, SvgOptions};
use pages::page::Picture;

/// A graph, in rows where the page is narrower than it.
pub(crate) fn picture(graph: &Graph, options: &SvgOptions) -> Picture {
    Picture::fitting(|width| {
        graph.to_svg(&SvgOptions {
            width,
            ..options.clone()
        })
    })
}

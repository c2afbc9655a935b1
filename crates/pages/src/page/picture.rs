//! Pictures: one drawing, or several of the same size.

use serde::Serialize;

use crate::colours::style;

const NAMESPACE: &str = "xmlns=\"http://www.w3.org/2000/svg\"";

/// Kinds of windows, and the width that a drawing may have in each, in pixels. The style sheet chooses by the same
/// names: a telephone, a tablet, a screen.
const WINDOWS: [(&str, f64); 3] = [("small", 332.0), ("medium", 700.0), ("large", 1010.0)];

/// A picture as SVG. If it has panels, a page that is narrow shows them one below the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    panels: Vec<String>,
    /// The same drawing for windows of these kinds, if it is not the same in all.
    windows: Vec<(String, String)>,
    /// Panels in a row, and the size of each.
    columns: usize,
    size: [u32; 2],
}

/// A drawing of its own size.
impl From<String> for Picture {
    fn from(svg: String) -> Self {
        Self {
            panels: vec![svg],
            windows: vec![],
            columns: 1,
            size: [0; 2],
        }
    }
}

impl Picture {
    /// Panels in rows; each is an `svg` element of the class `figure`, with this width and height.
    pub(crate) fn of_panels(panels: Vec<String>, columns: usize, size: [u32; 2]) -> Self {
        Self {
            panels,
            windows: vec![],
            columns,
            size,
        }
    }

    /// A drawing that is broken into rows where the window is narrow. `draw` is given the largest width in pixels, and
    /// `None` for the file, which has the drawing as it is.
    pub fn fitting(draw: impl Fn(Option<f64>) -> String) -> Self {
        let mut windows = Vec::<(String, String)>::new();
        for (kind, width) in WINDOWS {
            let svg = draw(Some(width));
            match windows.last_mut().filter(|(_, last)| *last == svg) {
                Some((kinds, _)) => *kinds += &format!(" {kind}"),
                None => windows.push((kind.to_owned(), svg)),
            }
        }
        Self {
            windows: if windows.len() > 1 { windows } else { vec![] },
            ..Self::from(draw(None))
        }
    }

    /// The picture as one `svg` element.
    pub fn to_svg(&self) -> String {
        let [width, height] = self.size;
        if let [svg] = &self.panels[..] {
            return svg.trim().to_owned();
        }
        let rows = self.panels.len().div_ceil(self.columns) as u32;
        let panels = self.panels.iter().enumerate().map(|(i, panel)| {
            let place = [
                (i % self.columns) as u32 * width,
                (i / self.columns) as u32 * height,
            ];
            let panel = panel.replace(&style(), "");
            panel.replacen(
                "<svg",
                &format!("<svg x=\"{}\" y=\"{}\"", place[0], place[1]),
                1,
            )
        });
        let (width, height) = (width * self.columns as u32, height * rows);
        format!(
            "<svg class=\"figure\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             {NAMESPACE}>\n{}{}</svg>",
            panels.collect::<String>(),
            style()
        )
    }

    /// The picture as a file of its own.
    pub(super) fn standalone(&self) -> String {
        let svg = self.to_svg();
        if svg.contains(NAMESPACE) {
            format!("{svg}\n")
        } else {
            format!(
                "{}\n",
                svg.replacen("<svg", &format!("<svg {NAMESPACE}"), 1)
            )
        }
    }

    /// The picture on a page.
    pub(super) fn html(&self) -> String {
        if !self.windows.is_empty() {
            let drawings = self.windows.iter().map(|(kinds, svg)| {
                let svg = svg.trim();
                format!("<div class=\"wide only {kinds}\" tabindex=\"0\">\n{svg}\n</div>")
            });
            return drawings.collect::<Vec<_>>().join("\n");
        }
        let panels = self.panels.iter().map(|panel| panel.trim());
        let panels = panels.collect::<Vec<_>>().join("\n");
        if self.size == [0; 2] {
            return format!("<div class=\"wide\" tabindex=\"0\">\n{panels}\n</div>");
        }
        format!("<div class=\"panels\">\n{panels}\n</div>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_that_fits_every_window_is_there_once_and_a_wide_one_for_each() {
        let draw = |natural: f64| {
            move |most: Option<f64>| {
                let width = most.map_or(natural, |most| most.min(natural));
                format!("<svg width=\"{width}\"></svg>")
            }
        };
        let small = Picture::fitting(draw(300.0));
        assert_eq!(small, Picture::from("<svg width=\"300\"></svg>".to_owned()));
        let wide = Picture::fitting(draw(800.0));
        let html = wide.html();
        let shown = [
            "small\" tabindex=\"0\">\n<svg width=\"332\"",
            "medium\"",
            "large\" tabindex=\"0\">\n<svg width=\"800\"",
        ];
        for part in shown {
            assert!(html.contains(part), "{html}");
        }
        assert!(wide.to_svg().contains("800"));
        // The same for two kinds of windows.
        let middle = Picture::fitting(draw(600.0)).html();
        assert!(middle.contains("only medium large\""), "{middle}");
        assert_eq!(middle.matches("<svg").count(), 2);
    }

    #[test]
    fn panels_are_in_rows_in_the_file_and_on_their_own_on_a_page() {
        let panel = || format!("<svg class=\"figure\" {NAMESPACE}>{}</svg>\n", style());
        let picture = Picture::of_panels(vec![panel(), panel(), panel()], 2, [20, 10]);
        let file = picture.standalone();
        let document = roxmltree::Document::parse(&file).unwrap();
        let panels = document.root_element().children();
        let places = panels.filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
        let places = places.map(|node| ["x", "y"].map(|name| node.attribute(name).unwrap()));
        assert_eq!(
            places.collect::<Vec<_>>(),
            [["0", "0"], ["20", "0"], ["0", "10"]]
        );
        assert_eq!(document.root_element().attribute("height"), Some("20"));
        assert_eq!(file.matches("<style>").count(), 1);
        assert_eq!(picture.html().matches("<style>").count(), 3);
    }
}

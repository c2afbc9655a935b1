//! Pictures: one drawing, or several of the same size.

use serde::Serialize;

use crate::colours::style;

const NAMESPACE: &str = "xmlns=\"http://www.w3.org/2000/svg\"";

/// A picture as SVG. If it has panels, a page that is narrow shows them one below the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    panels: Vec<String>,
    /// Panels in a row, and the size of each.
    columns: usize,
    size: [u32; 2],
}

/// A drawing of its own size.
impl From<String> for Picture {
    fn from(svg: String) -> Self {
        Self {
            panels: vec![svg],
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
            columns,
            size,
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

//! The shapes of a drawing, each in the colour of its role.

use svg::node::element::{Path, Rectangle, TSpan, Text};

use super::Drawing;
use crate::theme::Role;

/// Length and half the width of an arrow's head.
pub(super) const HEAD: [f64; 2] = [8.0, 3.5];
/// Fonts in which all digits have one width.
pub(super) const NUMBERS: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
pub(super) const WORDS: &str = "system-ui, sans-serif";

impl Drawing<'_> {
    pub(super) fn text(&self, text: &str, [x, y]: [f64; 2], role: Role, font: &str) -> Text {
        Text::new(text)
            .set("class", self.class(role))
            .set("fill", role.light()[0])
            .set("x", round(x))
            .set("y", round(y))
            .set("font-family", font)
    }

    /// Text of another role that continues a line of text.
    pub(super) fn following(&self, text: &str, role: Role) -> TSpan {
        TSpan::new(text)
            .set("class", self.class(role))
            .set("fill", role.light()[0])
            .set("dx", 4)
    }

    pub(super) fn rectangle(
        &self,
        role: Role,
        [x, y]: [f64; 2],
        [width, height]: [f64; 2],
    ) -> Rectangle {
        let [fill, stroke] = role.light();
        Rectangle::new()
            .set("class", self.class(role))
            .set("fill", fill)
            .set("stroke", stroke)
            .set("x", round(x))
            .set("y", round(y))
            .set("width", round(width))
            .set("height", round(height))
    }

    pub(super) fn line(&self, role: Role, path: String) -> Path {
        let [fill, stroke] = role.light();
        Path::new()
            .set("class", self.class(role))
            .set("fill", fill)
            .set("stroke", stroke)
            .set("stroke-width", 1.3)
            .set("d", path)
    }

    /// An arrow's head with its tip here; `back` is -1 for one that points right, 1 for left.
    pub(super) fn head(&self, role: Role, [x, y]: [f64; 2], back: f64) -> Path {
        let base = round(x + back * HEAD[0]);
        let (top, bottom) = (round(y - HEAD[1]), round(y + HEAD[1]));
        Path::new()
            .set("class", self.class(role))
            .set("fill", role.light()[0])
            .set(
                "d",
                format!("M{},{}L{base},{top}L{base},{bottom}Z", round(x), round(y)),
            )
    }

    pub(super) fn class(&self, role: Role) -> String {
        format!("{}-{}", self.class_prefix, role.class())
    }
}

/// Rounds to tenths of a pixel.
pub(super) fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

//! The colours of figures, each for a light page and for a dark one.
//!
//! A figure is drawn in the light theme's colours, so that any viewer shows it. A style rule inside it
//! replaces each of them if the reader prefers a dark page.

use plotters::style::RGBColor;

/// A colour of the light theme and its counterpart in the dark one, as red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    light: [u8; 3],
    dark: [u8; 3],
}

impl Colour {
    /// Text, axes.
    pub const INK: Self = Self::new([0x1f, 0x23, 0x28], [0xe6, 0xed, 0xf3]);
    /// Lines that only help orientation.
    pub const GRID: Self = Self::new([0xd1, 0xd9, 0xe0], [0x3d, 0x44, 0x4d]);
    /// Contour lines and other things that stay behind the curves.
    pub const MUTED: Self = Self::new([0x81, 0x8b, 0x98], [0x91, 0x98, 0xa1]);
    /// First series.
    pub const BLUE: Self = Self::new([0x09, 0x69, 0xda], [0x58, 0xa6, 0xff]);
    /// Second series.
    pub const ORANGE: Self = Self::new([0xbc, 0x4c, 0x00], [0xf0, 0x88, 0x3e]);
    /// Third series.
    pub const GREEN: Self = Self::new([0x1a, 0x7f, 0x37], [0x3f, 0xb9, 0x50]);
    /// Fourth series.
    pub const PURPLE: Self = Self::new([0x82, 0x50, 0xdf], [0xbc, 0x8c, 0xff]);
    /// Fifth series.
    pub const RED: Self = Self::new([0xcf, 0x22, 0x2e], [0xff, 0x7b, 0x72]);

    /// For marks on coloured maps, which look the same on every page.
    pub const BLACK: Self = Self::new([0x10; 3], [0x10; 3]);
    /// As [`Colour::BLACK`].
    pub const WHITE: Self = Self::new([0xfe; 3], [0xfe; 3]);

    /// For series in order.
    pub const SERIES: [Self; 5] = [
        Self::BLUE,
        Self::ORANGE,
        Self::GREEN,
        Self::PURPLE,
        Self::RED,
    ];

    const ALL: [Self; 8] = [
        Self::INK,
        Self::GRID,
        Self::MUTED,
        Self::BLUE,
        Self::ORANGE,
        Self::GREEN,
        Self::PURPLE,
        Self::RED,
    ];

    const fn new(light: [u8; 3], dark: [u8; 3]) -> Self {
        Self { light, dark }
    }

    /// The light theme's colour as plotters writes it.
    pub(crate) fn hex(self) -> String {
        hex(self.light)
    }

    /// The light theme's colour for plotters.
    pub(crate) fn rgb(self) -> RGBColor {
        let [red, green, blue] = self.light;
        RGBColor(red, green, blue)
    }
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// The style element that makes a figure follow the reader's theme.
pub(crate) fn style() -> String {
    let rules = Colour::ALL.map(|colour| {
        let (light, dark) = (hex(colour.light), hex(colour.dark));
        format!(
            "svg.figure [fill=\"{light}\"]{{fill:{dark}}}\
             svg.figure [stroke=\"{light}\"]{{stroke:{dark}}}"
        )
    });
    format!(
        "<style>svg.figure{{color-scheme:light dark}}\
         svg.figure rect{{shape-rendering:crispEdges}}\
         @media (prefers-color-scheme: dark){{{}}}</style>",
        rules.concat()
    )
}

/// Blue for -1, white for 0, red for 1, mixed in between.
pub(crate) fn diverging(value: f64) -> [u8; 3] {
    let (end, share) = if value < 0.0 {
        ([0x21, 0x66, 0xac], -value)
    } else {
        ([0xb2, 0x18, 0x2b], value)
    };
    let share = share.min(1.0);
    end.map(|channel: u8| (255.0 + share * (f64::from(channel) - 255.0)).round() as u8)
}

/// From deep blue for 0 through green to yellow for 1: visible on light and dark pages.
pub(crate) fn sequential(value: f64) -> [u8; 3] {
    const STOPS: [[f64; 3]; 4] = [
        [72.0, 90.0, 170.0],
        [38.0, 130.0, 142.0],
        [60.0, 170.0, 100.0],
        [190.0, 170.0, 40.0],
    ];
    let place = value.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (place as usize).min(STOPS.len() - 2);
    let share = place - below as f64;
    let mix = |i: usize| STOPS[below][i] + share * (STOPS[below + 1][i] - STOPS[below][i]);
    [0, 1, 2].map(|i| mix(i).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_the_ends_are_saturated() {
        assert_eq!(diverging(0.0), [255; 3]);
        assert_eq!(diverging(-1.0), [0x21, 0x66, 0xac]);
        assert_eq!(diverging(7.0), diverging(1.0));
        assert_eq!(sequential(0.0), [72, 90, 170]);
        assert_eq!(sequential(1.0), [190, 170, 40]);
    }

    #[test]
    fn every_colour_has_a_dark_counterpart_of_its_own() {
        let style = style();
        for colour in Colour::ALL {
            assert!(style.contains(&format!("[fill=\"{}\"]", colour.hex())));
        }
    }
}

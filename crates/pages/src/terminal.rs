//! Small grey images drawn in the terminal.

use std::env;
use std::io::{self, IsTerminal};

/// Characters from no ink to full ink.
const RAMP: &[u8] = b" .:-=+*#%@";

/// Whether standard output is a terminal that shows colours, and nobody asked for none: `NO_COLOR`
/// is unset or empty, and `TERM` is not `dumb`.
pub(crate) fn has_colour() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// An image of `width` columns in lines, light ink on a dark ground, without the last line's end.
///
/// In colour, a character holds two pixels, one above the other: the upper half block `▀` has the
/// upper pixel's grey as its own colour and the lower one's as its background. Without, a pixel is
/// two characters, the darker the fewer dots.
pub(crate) fn draw(pixels: &[u8], width: usize, colour: bool) -> String {
    let rows: Vec<&[u8]> = pixels.chunks(width).collect();
    let lines: Vec<String> = match colour {
        true => rows.chunks(2).map(half_blocks).collect(),
        false => rows.iter().map(|row| characters(row)).collect(),
    };
    lines.join("\n")
}

/// One or two rows as a line of half blocks.
fn half_blocks(rows: &[&[u8]]) -> String {
    let cell = |(column, &upper): (usize, &u8)| {
        let lower = rows.get(1).map_or(0, |row| row[column]);
        format!("\x1b[38;2;{upper};{upper};{upper}m\x1b[48;2;{lower};{lower};{lower}m▀")
    };
    rows[0].iter().enumerate().map(cell).collect::<String>() + "\x1b[0m"
}

fn characters(row: &[u8]) -> String {
    let character = |&pixel: &u8| {
        let step = usize::from(pixel) * (RAMP.len() - 1) / 255;
        [char::from(RAMP[step]); 2]
    };
    let line: String = row.iter().flat_map(character).collect();
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_go_from_no_ink_to_full_ink() {
        assert_eq!(draw(&[0, 255, 128, 0, 0, 0], 3, false), "  @@==\n");
    }

    #[test]
    fn a_half_block_holds_two_pixels() {
        assert_eq!(
            draw(&[10, 20, 30], 1, true),
            "\x1b[38;2;10;10;10m\x1b[48;2;20;20;20m▀\x1b[0m\n\
             \x1b[38;2;30;30;30m\x1b[48;2;0;0;0m▀\x1b[0m"
        );
    }
}

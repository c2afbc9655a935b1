//! Small grey images drawn with characters.

/// Characters from no ink to full ink.
const RAMP: &[u8] = b" .:-=+*#%@";

/// An image of `width` columns as lines of text, without a final newline. Pixels go row by row from
/// 0, no ink, to 255, full ink; ink is light on a dark background.
///
/// In colour, a character holds two pixels, one above the other: the upper half block `▀` has the
/// upper pixel's grey as its own colour and the lower one's as its background. Without colour, a
/// pixel is two characters: the more ink, the denser.
///
/// ```
/// assert_eq!(pages::terminal::draw(&[0, 255, 128, 0, 0, 0], 3, false), "  @@==\n");
/// ```
pub fn draw(pixels: &[u8], width: usize, colour: bool) -> String {
    let rows: Vec<&[u8]> = pixels.chunks(width).collect();
    let lines: Vec<String> = if colour {
        rows.chunks(2).map(half_blocks).collect()
    } else {
        rows.iter().map(|row| characters(row)).collect()
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
    fn a_half_block_holds_two_pixels() {
        assert_eq!(
            draw(&[10, 20, 30], 1, true),
            "\x1b[38;2;10;10;10m\x1b[48;2;20;20;20m▀\x1b[0m\n\
             \x1b[38;2;30;30;30m\x1b[48;2;0;0;0m▀\x1b[0m"
        );
    }
}

//! Writes all digits of a seed into folders named after them, or all symbols into one folder, for
//! `trainer predict FOLDER`.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use drawn_digits::{Drawing, STYLES, SYMBOLS, draw, draw_symbol, symbol_name};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (seed, folder, is_digits) = match &arguments[..] {
        [seed, folder] => (seed.parse()?, Path::new(folder), true),
        [seed, folder, what] if what == "symbols" => (seed.parse()?, Path::new(folder), false),
        _ => return Err("usage: files SEED FOLDER [symbols]".into()),
    };
    for style in 0..STYLES {
        if is_digits {
            for digit in 0..10 {
                let folder = folder.join(digit.to_string());
                write(&draw(style, digit, seed), &folder, &format!("{style:02}"))?;
            }
        } else {
            for symbol in 0..SYMBOLS {
                let name = format!("{}-{style:02}", symbol_name(symbol));
                write(&draw_symbol(style, symbol, seed), folder, &name)?;
            }
        }
    }
    Ok(())
}

fn write(drawing: &Drawing, folder: &Path, name: &str) -> io::Result<()> {
    let ending = if drawing.quality.is_some() {
        "jpg"
    } else {
        "png"
    };
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{name}.{ending}")), drawing.file())
}

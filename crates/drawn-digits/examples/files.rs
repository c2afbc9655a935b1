//! Writes all pictures of a seed into folders named after the digits, for `trainer predict FOLDER`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use drawn_digits::{STYLES, draw};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [seed, folder] = &arguments[..] else {
        return Err("usage: files SEED FOLDER".into());
    };
    for digit in 0..10 {
        let folder = Path::new(folder).join(digit.to_string());
        fs::create_dir_all(&folder)?;
        for style in 0..STYLES {
            let drawing = draw(style, digit, seed.parse()?);
            let ending = if drawing.quality.is_some() {
                "jpg"
            } else {
                "png"
            };
            fs::write(folder.join(format!("{style:02}.{ending}")), drawing.file())?;
        }
    }
    Ok(())
}

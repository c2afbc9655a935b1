//! `trainer lesson all`: the site, its links, and its pages in a real browser.

#[expect(dead_code, reason = "training runs are for the other tests")]
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::Workplace;
use roxmltree::{Document, ParsingOptions};
use serde_json::Value;
use web_driver::{Axe, Browser};

/// Widths of a telephone, a laptop and a projector.
const WIDTHS: [u32; 3] = [400, 1100, 1920];

/// What is wrong with the page that is open. Text has 11 pixels or more and enough contrast to be read (WCAG 2.2, AA);
/// the page is not wider than the window; every formula has a size.
const FAULTS: &str = r"
const faults = [];
const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
if (over > 0) faults.push(`the page is ${over} pixels wider than the window`);
const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
const luminance = (rgb) => {
  const [r, g, b] = rgb.slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = channels(getComputedStyle(e).backgroundColor);
    if (colour.length === 3) return colour;
  }
  return [255, 255, 255];
};
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE && n.data.trim() !== '');
  const inPicture = element.ownerSVGElement;
  if (own.length === 0 || element.closest('style, title') || inPicture && !element.getScreenCTM) continue;
  const style = getComputedStyle(element);
  let size = parseFloat(style.fontSize);
  if (inPicture) { const m = element.getScreenCTM(); size *= Math.hypot(m.a, m.b); }
  const text = own[0].data.trim().slice(0, 30);
  if (size < 10.99) faults.push(`${size.toFixed(1)} pixels: ${text}`);
  const [a, b] = [luminance(channels(inPicture ? style.fill : style.color)), luminance(ground(element))].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(1)}: ${text}`);
}
for (const math of document.querySelectorAll('math')) {
  const { width, height } = math.getBoundingClientRect();
  if (width < 3 || height < 5) faults.push(`a formula of ${width} x ${height}: ${math.textContent}`);
}
for (const fraction of document.querySelectorAll('mfrac')) {
  const [above, below] = [...fraction.children].map((part) => part.getBoundingClientRect());
  if (above.bottom > below.top + 1) faults.push(`a fraction in one line: ${fraction.textContent}`);
}
return faults.slice(0, 5);
";

/// The addresses that a page leads to, on this site.
fn links(page: &Path) -> Vec<String> {
    let html = fs::read_to_string(page).unwrap();
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(&html, options).unwrap();
    let links = document
        .descendants()
        .filter_map(|node| node.attribute("href"));
    let links =
        links.filter(|address| !address.starts_with("http:") && !address.starts_with("data:"));
    links.map(str::to_owned).collect()
}

fn pages(folder: &Path) -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages = folders
        .filter(|path| path.is_dir())
        .map(|path| path.join("index.html"));
    let mut pages = pages.chain([folder.join("index.html")]).collect::<Vec<_>>();
    pages.sort();
    pages
}

/// Computing all lessons takes long, so one test looks at all of the site.
#[test]
fn all_lessons_are_a_site_whose_pages_can_be_read_in_both_themes_and_at_any_width() {
    let workplace = Workplace::new();
    let finished = workplace.run("lesson all --backend flex --out-dir here --format json --quiet");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let event = &finished.events()[0];
    assert_eq!(
        (event["event"].as_str(), event["file"].as_str()),
        (Some("site"), Some("here/index.html"))
    );
    let folder = workplace.path("here");
    let pages = pages(&folder);
    let lessons = event["lessons"].as_array().unwrap();
    assert_eq!(pages.len(), lessons.len() + 1);

    // From the index one reaches every page, and from the first lesson the next ones, to the last.
    let index = links(&folder.join("index.html"))
        .into_iter()
        .collect::<BTreeSet<_>>();
    for (i, lesson) in lessons.iter().enumerate() {
        let name = lesson.as_str().unwrap();
        assert!(index.contains(&format!("{name}/index.html")), "{name}");
        let links = links(&folder.join(name).join("index.html"));
        assert!(links.contains(&"../index.html".to_owned()), "{name}");
        for neighbour in [i.wrapping_sub(1), i + 1]
            .iter()
            .filter_map(|&i| lessons.get(i))
        {
            let address = format!("../{}/index.html", neighbour.as_str().unwrap());
            assert!(links.contains(&address), "{name} leads to {address}");
        }
        for address in &links {
            let target = folder.join(name).join(address);
            assert!(target.exists(), "{name} leads to {address}");
        }
    }

    let browser = match Browser::start() {
        Ok(browser) => browser,
        Err(reason) => {
            eprintln!("not run: {reason}");
            return;
        }
    };
    let axe = Axe::installed();
    let mut faults = vec![];
    for page in &pages {
        for dark in [false, true] {
            browser.prefer_dark(dark);
            for width in WIDTHS {
                browser.size(width, 900);
                browser.open(&format!("file://{}", page.display()));
                let found = browser.script(FAULTS);
                let name = page.strip_prefix(&folder).unwrap().display().to_string();
                let place = format!("{name}, {width} pixels, dark: {dark}");
                assert!(found.is_array(), "{place}: {found}");
                if found != Value::Array(vec![]) {
                    faults.push(format!("{place}: {found}"));
                }
                browser.picture(&format!("{}-{width}-{dark}", name.replace(['/', '.'], "-")));
            }
            // The last width shows a page's parts next to each other; the first has tables in blocks, in the same colours.
            if let Ok(axe) = &axe {
                let widths = if dark {
                    &WIDTHS[2..]
                } else {
                    &[WIDTHS[2], WIDTHS[0]][..]
                };
                for &width in widths {
                    browser.size(width, 900);
                    for fault in axe.serious_faults(&browser) {
                        let name = page.strip_prefix(&folder).unwrap().display();
                        faults.push(format!("{name}, {width} pixels, dark: {dark}: {fault}"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_anything_is_computed() {
    let workplace = Workplace::new();
    fs::write(workplace.path("file"), "mine").unwrap();
    let finished = workplace.run("lesson all --backend flex --out-dir file");
    assert_eq!(finished.code, Some(2));
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    assert!(finished.stderr.contains("--out-dir"), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(workplace.path("file")).unwrap(), "mine");
}

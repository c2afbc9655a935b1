//! How every part looks: accessibility, both themes, narrow and wide.

use super::{choose_theme, play};
use web_driver::Axe;

/// Every part in a state that shows most of it.
const STATES: [&str; 12] = [
    "graph?net=xor&node=w1",
    "graph?net=four-variables&node=x1",
    "graph?net=own",
    "graph?net=classifier&units=10&node=p1",
    "playground?steps=200",
    "playground?f=relu,tanh&data=hills&steps=50",
    "playground?data=own&point=0.5,0.5,0&point=-0.5,0.1,1",
    "digits",
    "digits?net=trained&hidden=8&steps=20",
    "descent",
    "bumps",
    "softmax",
];

#[test]
fn axe_finds_no_serious_fault_of_accessibility_in_light_and_dark() {
    let axe = match Axe::installed() {
        Ok(axe) => axe,
        Err(reason) => {
            eprintln!("not run: {reason}");
            return;
        }
    };
    play("digits", |browser, port| {
        for state in STATES {
            browser.open(&format!("http://127.0.0.1:{port}/#{state}"));
            browser.wait(
                "return document.querySelector('.graph, .panel .histograms, .plot, .softmax, .pad') !== null",
            );
            // What is folded away is looked at, too.
            browser.script(
                "for (const part of document.querySelectorAll('details')) part.open = true",
            );
            if state.starts_with("digits") {
                browser.wait_for(".runs", "sweep/wide");
            }
            for theme in ["light", "dark"] {
                choose_theme(browser, theme);
                let serious = axe.serious_faults(browser);
                assert_eq!(serious, Vec::<String>::new(), "{state}, {theme}");
            }
        }
    });
}

#[test]
fn the_page_fits_a_telephone_and_a_projector_in_light_and_dark() {
    play("graph?net=xor&node=w1", |browser, port| {
        for part in [
            "graph?net=xor&node=w1",
            "playground?steps=300",
            "digits",
            "digits?net=trained&steps=300",
            "descent",
            "bumps",
            "softmax",
        ] {
            browser.open(&format!("http://127.0.0.1:{port}/#{part}"));
            browser.wait(
                "return document.querySelector('.panel table, .plot, .softmax, .pad') !== null",
            );
            let name = part.replace(['?', '&'], "-");
            for (width, theme) in [
                (400, "light"),
                (400, "dark"),
                (1920, "light"),
                (1920, "dark"),
            ] {
                browser.size(width, 1080);
                choose_theme(browser, theme);
                browser.wait("return document.documentElement.scrollWidth <= document.documentElement.clientWidth");
                browser.picture(&format!("{name}-{width}-{theme}"));
            }
        }
        let background =
            browser.script("return getComputedStyle(document.documentElement).backgroundColor");
        assert_eq!(background, "rgb(13, 17, 23)");
    });
}

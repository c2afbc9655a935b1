//! Digits: the pad, the net that learns, the runs.

use serde_json::Value;

use super::{ENTER, RIGHT, choose_theme, common, play};

#[test]
fn a_digit_is_drawn_with_the_pointer_and_restored_by_its_address() {
    play("digits", |browser, _| {
        browser.wait_for("#digit", "Nothing is drawn yet");
        let pad = browser.find("//canvas[@class='pad']");
        browser.drag(&pad, [0, 90]);
        browser.drag(&pad, [0, -90]);
        browser.wait_for("#digit", "It is a 1");
        browser
            .wait("return document.getElementById('digit').getAttribute('aria-busy') === 'false'");
        assert!(browser.address().contains("pixels="));
        let shown = "return document.getElementById('digit').textContent";
        let before = browser.script(shown);
        browser.reload();
        browser.wait_for("#digit", "It is a 1");
        assert_eq!(browser.script(shown), before);
        browser.click(&browser.find("//option[@value='7']"));
        browser.wait_for("#digit", "most for 7");
        browser.picture("digits");
        browser.press("Clear");
        browser.wait_for("#digit", "Nothing is drawn yet");
    });
}

#[test]
fn a_run_is_opened_from_the_list_and_a_bad_one_says_why() {
    play("digits", |browser, port| {
        browser.wait_for("#net", "pretrained: 784 → ");
        browser.click(&browser.find("//summary[.='Open a run']"));
        browser.wait_for(".runs", "sweep/wide");
        browser.wait_for(".runs tbody tr", "98.12 % test2026-01-31 14:05:00");
        browser.wait_for(".runs tr:nth-child(2) .problem", "its net has 30 inputs");
        let buttons = "return [...document.querySelectorAll('.runs button')].map((b) => `${b.textContent} ${b.ariaPressed}`).join()";
        assert_eq!(browser.script(buttons), "sweep/wide false,damaged false");
        // By keyboard, as a screen reader's user does.
        let open = browser.find("//button[.='sweep/wide']");
        browser.keys(&open, ENTER);
        browser.wait_for("#net", "sweep/wide: 784 → ");
        assert_eq!(browser.script(buttons), "sweep/wide true,damaged false");
        assert!(
            browser.address().ends_with("net=run%3Asweep%2Fwide")
                || browser.address().ends_with("net=run:sweep%2Fwide"),
            "{}",
            browser.address()
        );
        assert_eq!(
            browser.script("return document.activeElement.textContent"),
            "sweep/wide"
        );
        let pad = browser.find("//canvas[@class='pad']");
        browser.drag(&pad, [0, 90]);
        browser.drag(&pad, [0, -90]);
        browser.wait_for("#digit", "It is a 1");
        browser.picture("digits-runs");
        choose_theme(browser, "dark");
        browser.size(400, 1000);
        browser.wait(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth",
        );
        browser.picture("digits-runs-400-dark");
        browser.size(1400, 1000);
        browser.reload();
        browser.wait_for("#net", "sweep/wide: 784 → ");
        browser.wait_for("#digit", "It is a 1");
        browser.click(&browser.find("//summary[.='Open a run']"));
        browser.press("damaged");
        browser.wait_for(
            "#message",
            "run 'damaged' cannot be opened: model.bpk is damaged",
        );
        browser.open(&format!("http://127.0.0.1:{port}/#digits?net=run:../small"));
        browser.wait_for(
            "#message",
            "run '../small' cannot be opened: it is not in the list",
        );
        // The browser itself reports refused requests.
        assert!(browser.complaints().iter().all(|line| line.contains("400")));
    });
}

#[test]
fn a_net_learns_mnist_while_one_watches_and_reads_a_drawing() {
    play("digits?net=trained&hidden=16&seed=4", |browser, _| {
        browser.wait_for("#status", "Step 0, epoch 0");
        browser.press("Train");
        browser.wait("return Number(/Step (\\d+)/.exec(document.getElementById('status').textContent)[1]) > 500");
        browser.press("Pause");
        browser.wait_for("#status", "of all 10,000 test images");
        let accuracy = "return Number(/accuracy ([\\d.]+)/.exec(document.getElementById('status').textContent)[1])";
        assert!(browser.script(accuracy).as_f64().unwrap() > 80.0);
        let count = |selector: &str| {
            browser.script(&format!(
                "return document.querySelectorAll('{selector}').length"
            ))
        };
        assert_eq!(
            (count(".weights canvas"), count(".mistakes figure")),
            (16.into(), 12.into())
        );
        let pad = browser.find("//canvas[@class='pad']");
        browser.drag(&pad, [0, 90]);
        browser.drag(&pad, [0, -90]);
        browser.wait_for("#digit", "It is a 1");
        browser
            .wait("return document.getElementById('digit').getAttribute('aria-busy') === 'false'");
        browser.picture("digits-trained");
        // The address trains the same net again and asks it about the same drawing.
        let shown = "return document.getElementById('status').textContent.replace(/: loss of the batches.*?,/, '') + document.getElementById('digit').textContent";
        let before = browser.script(shown);
        browser.reload();
        browser.wait(&format!("return (() => {{ {shown} }})() === {before}"));
    });
}

#[test]
fn a_rate_and_an_optimizer_change_while_a_net_learns_mnist() {
    play(
        "digits?net=trained&hidden=8&seed=2&steps=20",
        |browser, port| {
            browser.wait_for("#status", "Step 20, epoch 0");
            let slider = browser.find("//label[starts-with(., 'Rate')]/input");
            browser.keys(&slider, RIGHT);
            browser.wait("return location.hash.includes('change=20,rate,0.10')");
            browser.wait("return document.activeElement.type === 'range'");
            browser.press("One step");
            browser.wait_for("#status", "Step 21, epoch 0");
            browser.click(&browser.find("//option[@value='adam']"));
            browser.wait(
                "return location.hash.includes('change=21,optimizer,adam&change=21,rate,0.001')",
            );
            browser.press("One step");
            browser.wait_for("#status", "Step 22, epoch 0");
            browser.wait_for("#status", "of all 10,000 test images");
            // The server says the same of this state from its beginning.
            let address = browser.address();
            let (_, query) = address
                .split_once("net=trained&")
                .expect("the address has the net");
            let lines = common::get(port, &format!("/api/training?{query}&stop=22"));
            let frame = lines.lines().find(|line| line.starts_with("{\"batchLoss"));
            let frame: Value = serde_json::from_str(frame.expect("a frame")).expect("JSON");
            let accuracy = frame["evaluation"]["accuracy"].as_f64().expect("a share");
            browser.wait_for("#status", &format!("accuracy {:.1} %", 100.0 * accuracy));
            // What stays in force is kept when the net begins again.
            browser.press("Start again");
            browser.wait_for("#status", "Step 0, epoch 0");
            browser.wait("return location.hash.includes('optimizer=adam') && location.hash.includes('rate=0.001') && !location.hash.includes('change')");
        },
    );
}

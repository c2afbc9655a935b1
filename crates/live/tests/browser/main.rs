//! The page in a real browser: every part is played through.

#[path = "../common/mod.rs"]
mod common;
mod digits;
mod looks;

use serde_json::Value;
use web_driver::Browser;

/// Presses of keys in WebDriver.
const BACK: &str = "\u{e003}";
const ENTER: &str = "\u{e007}";
const LEFT: &str = "\u{e012}";
const UP: &str = "\u{e013}";
const RIGHT: &str = "\u{e014}";
const HOME: &str = "\u{e011}";
const END: &str = "\u{e010}";

/// Makes the page light or dark.
fn choose_theme(browser: &Browser, theme: &str) {
    browser.script(&format!(
        "const t = document.getElementById('theme'); t.value = '{theme}'; t.dispatchEvent(new Event('change'))"
    ));
}

/// Plays one part in a browser of its own, and checks that the page has not complained.
fn play(fragment: &str, part: impl FnOnce(&Browser, u16)) {
    let browser = match Browser::start() {
        Ok(browser) => browser,
        Err(reason) => {
            eprintln!("not run: {reason}");
            return;
        }
    };
    let port = common::shared();
    browser.size(1400, 1000);
    browser.open(&format!("http://127.0.0.1:{port}/#{fragment}"));
    part(&browser, port);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// The server's answer as JSON.
fn answer(port: u16, path: &str) -> Value {
    let answer = common::get(port, path);
    let body = answer
        .split_once("\r\n\r\n")
        .expect("an answer has a head")
        .1;
    serde_json::from_str(body).expect("the answer is JSON")
}

#[test]
fn the_graph_is_walked_forward_and_back_by_buttons_and_keys() {
    play("graph?net=four-variables", |browser, _| {
        browser.wait_for("#loss", "215");
        browser.wait_for(".walk", "31 of 31");
        browser.press("Start");
        browser.wait_for(".said", "Inputs and parameters are given");
        assert_eq!(
            browser.script("return document.querySelectorAll('.graph .gradient .number').length"),
            0
        );
        browser.press("Step →");
        browser.wait_for(".said", "Forward: m2 = 10 x2 = −10.");
        browser.press("← Back");
        browser.wait_for(".walk", "0 of 31");
        browser.press("Forward pass");
        browser.wait_for(".said", "Forward: f = f1 + f2 = 215.");
        let picture = browser.find("//div[@class='picture']");
        browser.keys(&picture, RIGHT);
        browser.wait_for(".said", "The backward pass begins: δf = 1.");
        browser.keys(&picture, RIGHT);
        browser.wait_for(".said", "passes back δf1 = 1; δf2 = 1");
        browser.keys(&picture, LEFT);
        browser.wait_for(".said", "The backward pass begins");
        browser.keys(&picture, END);
        browser.wait_for(".walk", "31 of 31");
        // The gradient of L14 at its start.
        let gradients = browser.script(
            "return [...document.querySelectorAll('.graph .parameter .gradient .number')].map((e) => e.textContent).join(' ')",
        );
        assert_eq!(gradients, "306 −144 −18 −310");
        browser.keys(&picture, HOME);
        browser.wait_for(".walk", "0 of 31");
        browser.press("Play");
        browser.wait_for(".said", "Forward");
        browser.press("Pause");
    });
}

#[test]
fn a_value_used_twice_shows_how_its_gradients_add_up() {
    play("graph?net=four-variables", |browser, _| {
        browser.click(
            &browser.find("//*[@role='button' and starts-with(@aria-label, 'x1, parameter')]"),
        );
        browser.wait_for("#lesson", "trainer lesson chain-rule");
        browser.wait_for(".panel", "x1 is used 2 times");
        browser.wait_for(".panel", "320");
        browser.wait_for(".panel .total", "306");
        browser.wait_for(".witnesses", "finite differences306 ±");
        browser.wait_for(".panel", "From s4 = x1 - x4");
        // One arrow alone.
        browser.press("from s1");
        browser.wait("return !document.querySelector('.panel').textContent.includes('From s4')");
        browser.wait_for(".panel", "From s1 = x1 + m2");
        assert!(browser.address().contains("node=x1") && browser.address().contains("by="));
        browser.picture("graph-sum");
    });
}

#[test]
fn what_has_the_focus_keeps_it_when_the_page_is_drawn_again() {
    play("graph?net=xor&seed=3", |browser, _| {
        let node = "//*[@role='button' and starts-with(@aria-label, 'w1, parameter')]";
        browser.keys(&browser.find(node), ENTER);
        browser.wait("return location.hash.includes('node=w1')");
        browser.wait("const e = document.activeElement; return e.ariaLabel?.startsWith('w1, parameter') && e.ariaPressed === 'true'");
        let number = "//input[@aria-label='w1, row 2, column 1']";
        browser.keys(&browser.find(number), RIGHT);
        browser.wait("return location.hash.includes('row=1')");
        browser.wait("const e = document.activeElement; return e.ariaLabel === 'w1, row 2, column 1' && e.className === 'chosen'");
    });
}

#[test]
fn a_changed_number_and_training_are_in_the_address() {
    play("graph?net=xor&seed=3", |browser, port| {
        let shown = answer(port, "/api/graph?net=xor&seed=3");
        let loss = shown["losses"][0].as_f64().unwrap();
        browser.wait_for("#loss", &format!("{loss:.6}")[..7]);
        // A number of the drawing is changed in its place.
        browser.script("document.querySelector('.graph .parameter .value .number').dispatchEvent(new MouseEvent('click', {bubbles: true}))");
        let field = browser.find("//input[@aria-label='New value']");
        browser.keys(&field, &format!("0.75{ENTER}"));
        browser.wait("return location.hash.includes('edit=0,w1,0,0,0.75')");
        let changed = answer(port, "/api/graph?net=xor&seed=3&edit=0,w1,0,0,0.75");
        assert_eq!(changed["nodes"][1]["value"][0], 0.75);
        browser.press("10 steps");
        browser.wait("return location.hash.includes('steps=10')");
        let trained = answer(
            port,
            "/api/graph?net=xor&seed=3&steps=10&edit=0,w1,0,0,0.75",
        );
        let loss = trained["losses"][10].as_f64().unwrap();
        let text = format!("{loss:.6}");
        browser.wait_for("#loss", &text[..7]);
        // The address alone restores everything.
        let before = browser.script("return document.querySelector('.graph').outerHTML");
        browser.reload();
        browser.wait_for("#loss", &text[..7]);
        assert_eq!(
            browser.script("return document.querySelector('.graph').outerHTML"),
            before
        );
        browser.press("Undo a training step");
        browser.wait_for(".bar:last-child", "step 9");
        browser.press("Start again");
        browser.wait("return !location.hash.includes('edit') && !location.hash.includes('steps')");
    });
}

#[test]
fn a_net_is_built_on_the_page() {
    play("graph?net=own", |browser, _| {
        browser.wait_for(".layers", "Layer 2");
        browser.press("Add a layer");
        browser.wait_for(".layers", "Layer 3");
        browser.wait("return location.hash.includes('layers=3:tanh,3:tanh,1:linear')");
        browser.wait("return document.querySelectorAll('.graph .parameter').length === 6");
        browser.press("Remove layer 1");
        browser.wait("return document.querySelectorAll('.graph .parameter').length === 4");
        browser.click(&browser.find("//option[@value='cross-entropy']"));
        browser.wait_for(".graph", "softmax");
        browser.picture("graph-own");
    });
}

#[test]
fn a_net_learns_while_one_watches_and_the_address_repeats_it() {
    play("playground?data=circles&rate=0.3&seed=2", |browser, _| {
        browser.wait_for("#status", "Step 0, epoch 0");
        browser.press("One step");
        browser.wait_for("#status", "Step 1, epoch 0");
        browser.press("Train");
        browser.wait("return Number(/Step (\\d+)/.exec(document.getElementById('status').textContent)[1]) > 2000");
        // A change while it learns takes effect at the step where it is.
        let batch = browser.find("//label[starts-with(., 'Batch')]/input");
        browser.keys(&batch, &format!("{END}{BACK}{BACK}32{ENTER}"));
        browser.wait("return /change=\\d+,batch,32/.test(location.hash)");
        browser.wait("return document.querySelector('.main').textContent === 'Pause'");
        browser.press("Pause");
        browser.wait("return document.querySelector('.main').textContent === 'Train'");
        browser.wait("return location.hash.includes('steps=')");
        let status = "return document.getElementById('status').textContent";
        let weights = "return document.querySelector('.net svg').outerHTML";
        browser.wait(&format!("window.seen = window.now; window.now = (() => {{ {status} }})(); return window.seen === window.now"));
        let before = (browser.script(status), browser.script(weights));
        browser.reload();
        browser.wait_for("#status", before.0.as_str().unwrap());
        assert_eq!(browser.script(weights), before.1);
        browser.picture("playground");
    });
}

#[test]
fn each_layer_has_its_activation_and_training_stops_where_it_is_asked_to() {
    play("playground?hidden=4,3&seed=3", |browser, port| {
        browser.wait_for("#status", "Step 0");
        browser.click(&browser.find("//fieldset[legend='Layer 2']//option[@value='relu']"));
        browser.wait("return location.hash.includes('f=tanh,relu')");
        let field = browser.find("//label[starts-with(., 'Step')]/input");
        browser.keys(&field, &format!("{END}{BACK}150{ENTER}"));
        browser.wait("return location.hash.includes('stop-step=150')");
        browser.press("Train");
        browser.wait_for("#ended", "step 150 is where you asked it to stop");
        browser.wait_for("#status", "Step 150");
        // The library says the same for this state.
        let lines = common::get(
            port,
            "/api/playground?hidden=4,3&seed=3&f=tanh,relu&steps=150&stop=150",
        );
        let frame = lines.lines().find(|line| line.starts_with('{')).unwrap();
        let frame: Value = serde_json::from_str(frame).unwrap();
        let weight = frame["layers"][1]["weights"][0].as_f64().unwrap();
        browser.script("document.querySelectorAll('.net line')[8].dispatchEvent(new PointerEvent('pointerenter'))");
        let shown = browser.script("return document.querySelector('.learning .said').textContent");
        let shown = shown.as_str().unwrap().replace('−', "-");
        assert!(shown.starts_with("w2 from unit 1 to unit 1: "), "{shown}");
        let number = shown
            .split([' ', ','])
            .nth(7)
            .unwrap()
            .parse::<f64>()
            .unwrap();
        assert!(
            (number - weight).abs() < 1e-3 * weight.abs().max(1.0),
            "{shown} {weight}"
        );
    });
}

/// While the steps of an address are repeated, nothing trains, so a new setting starts no training.
#[test]
fn a_setting_that_changes_while_steps_are_repeated_starts_no_training() {
    play("playground?hidden=4,3&seed=3&steps=200000", |browser, _| {
        browser.wait_for("#status", "Repeating the steps of the address");
        let field = browser.find("//label[starts-with(., 'Step')]/input");
        browser.keys(&field, &format!("{END}{BACK}200050{ENTER}"));
        browser.wait_for("#status", "Step 200000,");
        browser.wait("return document.querySelector('button.main').textContent === 'Train'");
        browser.press("Train");
        browser.wait_for("#ended", "step 200050 is where you asked it to stop");
    });
}

#[test]
fn points_come_from_a_file_and_the_net_is_saved_in_every_form() {
    play(
        "playground?data=own&point=0.5,0.5,0&point=-0.5,-0.5,1",
        |browser, _| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("points.csv");
            std::fs::write(&file, "x,y,class\n0.1,0.2,1\n-0.3,0.4,2\n0.5,-0.6,5\n").unwrap();
            let input = browser.find("//input[@type='file']");
            browser.keys(&input, &file.display().to_string());
            browser.wait("return document.querySelectorAll('.surface path').length === 3");
            browser.wait("return document.querySelectorAll('.confusion tr').length === 6");
            browser.script("HTMLAnchorElement.prototype.click = function () { (window.saved ??= []).push(this.download) }");
            for name in [
                "Weights as safetensors",
                "Weights as JSON",
                "Weights as Rust code",
                "Picture as SVG",
                "Picture as PNG",
            ] {
                browser.press(name);
            }
            browser.wait("return window.saved?.toSorted().join(' ') === 'net.json net.rs net.safetensors playground.png playground.svg'");
        },
    );
}

#[test]
fn points_are_drawn_and_a_rate_that_is_too_large_ends_with_its_step() {
    play(
        "playground?data=own&point=0.5,0.5,0&point=-0.5,-0.5,1",
        |browser, _| {
            browser.wait("return document.querySelectorAll('.surface path').length === 2");
            browser.click(&browser.find("//*[@aria-label='Decision surface and points']"));
            browser.wait("return document.querySelectorAll('.surface path').length === 3");
            browser.wait("return location.hash.split('point=').length === 4");
            let address = browser.address();
            let start = address.split('#').next().unwrap();
            browser.open(&format!("{start}#playground?data=hills&f=relu&rate=10"));
            browser.wait_for("#status", "Step 0");
            browser.press("Train");
            browser.wait_for("#ended", "the loss is not finite at step");
            browser.wait_for("#ended", "take a smaller rate");
        },
    );
}

#[test]
fn the_step_length_decides_how_descent_goes() {
    play("descent?function=valley&iterations=300", |browser, _| {
        browser.wait_for("#verdict", "It zig-zags");
        browser.open(
            &browser
                .address()
                .replace("iterations=300", "iterations=300&step=0.03"),
        );
        browser.wait_for("#verdict", "without turning back");
        browser.open(&browser.address().replace("step=0.03", "step=0.12"));
        browser.wait_for("#verdict", "diverged");
        let slider = browser.find("//label[starts-with(., 'Step length')]/input");
        browser.keys(&slider, HOME);
        browser.wait_for(".panel", "α = 1.0e−4");
        let start = browser.find("//*[@class='handle']");
        browser.drag(&start, [-60, 30]);
        browser
            .wait("return Number(new URLSearchParams(location.hash.split('?')[1]).get('x')) < 8.5");
        let start = browser.find("//*[@class='handle']");
        browser.keys(&start, LEFT);
        browser.wait("return document.activeElement.classList.contains('handle')");
        browser.picture("descent");
    });
}

#[test]
fn bumps_are_dragged_and_moved_by_keys() {
    play("bumps?bumps=6", |browser, _| {
        browser.wait_for(".panel", "12 hidden units");
        let first = browser.find("//*[@role='slider' and @aria-label='Height of bump 1']");
        browser.drag(&first, [0, -80]);
        browser.wait("return /height=0,0\\.[4-9]/.test(location.hash)");
        let second = browser.find("//*[@role='slider' and @aria-label='Height of bump 2']");
        browser.keys(&second, UP);
        browser.wait("return location.hash.includes('height=1,')");
        // What has the focus keeps it, whatever the page is drawn again for.
        browser.script("document.querySelector('[aria-label=\"Height of bump 4\"]').focus(); window.old = document.activeElement");
        browser.script("location.hash += '&steepness=20'");
        browser.wait("return !window.old.isConnected && document.activeElement.ariaLabel === 'Height of bump 4'");
        browser.press("Heights of the construction");
        browser.wait("return !location.hash.includes('height')");
        browser.picture("bumps");
    });
}

#[test]
fn softmax_shows_probability_minus_target() {
    play("softmax?logits=0,0&class=1", |browser, _| {
        browser.wait_for(".softmax", "δz = yp − y 0.5 −0.5");
        browser.wait_for("#loss-text", "−ln 0.5 = 0.693147");
        browser.press("Add a class");
        browser.wait_for(".softmax", "0.3333");
        let slider = browser.find("//label[starts-with(., 'z1')]/input");
        browser.keys(&slider, END);
        browser.wait_for("#loss-text", "Loss: −ln 4.5e−5");
        browser.wait("return document.querySelectorAll('.figure .dot').length === 3 * 3 + 3");
        browser.script("HTMLAnchorElement.prototype.click = function () { (window.saved ??= []).push(this.download) }");
        browser.press("Save as SVG");
        browser.press("Save as PNG");
        browser.wait("return window.saved?.toSorted().join(' ') === 'softmax.png softmax.svg'");
        browser.picture("softmax");
    });
}

#[test]
fn mistakes_in_an_address_are_said_and_nothing_is_lost() {
    play("graph?net=xor", |browser, port| {
        browser.wait_for("#loss", "0.");
        browser.open(&format!("http://127.0.0.1:{port}/#graph?net=xor&seed=-5"));
        browser.wait_for(
            "#message",
            "'seed' is '-5', expected a number from 0 to 4294967295",
        );
        browser.open(&format!("http://127.0.0.1:{port}/#graph?net=xor&seed=5"));
        browser.wait("return document.getElementById('message').hidden");
        browser.wait_for("#loss", "0.");
        // The browser itself reports the refused request.
        assert!(browser.complaints().iter().all(|line| line.contains("400")));
    });
}

//! The README shows the real output of its failing example (apart from the last digits of numbers).

use burn::tensor::Device;
use burn::tensor::activation::softmax;
use burn_gradcheck::{Case, Gradients};

#[test]
fn the_readme_shows_the_real_output() {
    let case = Case::new("softmax")
        .input("x", [3, 4])
        .function(|v| softmax(v.get::<2>("x"), 1))
        .vjp(|v, grad_out| {
            let y = softmax(v.get::<2>("x"), 1);
            let own_term_only = y.clone() * (-y + 1.0);
            Gradients::new().with("x", grad_out.get::<2>(0) * own_term_only)
        });
    let printed = case.check(&Device::flex()).to_string();
    let readme = include_str!("../../README.md");
    let is_exact = |line: &&str| {
        [
            "softmax:",
            "  input x, element",
            "  tolerance:",
            "  checked:",
            "  repeat:",
        ]
        .iter()
        .any(|start| line.starts_with(start))
    };
    let exact: Vec<&str> = printed.lines().filter(is_exact).collect();
    assert_eq!(exact.len(), 5, "{printed}");
    for line in exact {
        assert!(readme.contains(line), "the README does not show: {line}");
    }
}

#[test]
fn every_test_that_the_comparison_names_exists() {
    let sources = [
        ("faults", include_str!("faults.rs")),
        ("mistakes", include_str!("mistakes.rs")),
        ("one_line", include_str!("one_line.rs")),
        ("right", include_str!("right.rs")),
        ("verdicts", include_str!("verdicts.rs")),
    ];
    let page = include_str!("../../COMPARISON.md");
    let named = page.split('`').filter(|code| code.contains("::"));
    let mut count = 0;
    for name in named {
        let (file, test) = name.split_once("::").unwrap();
        let source = sources.iter().find(|(other, _)| *other == file);
        let (_, source) = source.unwrap_or_else(|| panic!("no file of tests is named {file}"));
        assert!(source.contains(&format!("fn {test}()")), "no test {name}");
        count += 1;
    }
    assert!(count >= 20, "only {count} tests are named");
}

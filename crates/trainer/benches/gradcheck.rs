//! What a gradient check costs: burn-gradcheck's defaults, and PyTorch's `gradcheck` on the same functions
//! if `PYTHON` names an interpreter that has it. All take turns; the table has medians.
//!
//! `PYTHON=.venv/bin/python cargo bench -p trainer --profile dev --bench gradcheck`

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use backends::Backend;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{DType, Device};
use burn_gradcheck::{Case, Mode, Options, Sample, Target};
use comfy_table::Table;

/// As in the trainer: the system's allocator maps and clears megabytes again for every product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../bench/peers/pytorch_gradcheck.py"
);

/// A function, under the name that the script knows it by.
struct Function {
    name: &'static str,
    case: Case,
    mode: Mode,
}

fn functions() -> [Function; 3] {
    let layer = Case::new("layer")
        .input("x", [3, 4])
        .function(|v| v.get::<2>("x").tanh() * 2.0);
    let rows = Case::new("softmax")
        .input("x", [3, 4])
        .function(|v| softmax(v.get::<2>("x"), 1));
    let net = Case::new("net")
        .input("x", [16, 784])
        .input_from("w1", [784, 256], Sample::Scaled(1.0 / 28.0))
        .input("b1", [256])
        .input_from("w2", [256, 128], Sample::Scaled(1.0 / 16.0))
        .input("b2", [128])
        .input_from("w3", [128, 10], Sample::Scaled(1.0 / 11.0))
        .input("b3", [10])
        .function(|v| {
            let hidden = v.get::<2>("x").matmul(v.get("w1")) + v.get::<1>("b1").unsqueeze();
            let hidden = relu(hidden).matmul(v.get("w2")) + v.get::<1>("b2").unsqueeze();
            relu(hidden).matmul(v.get("w3")) + v.get::<1>("b3").unsqueeze()
        });
    [
        Function {
            name: "tanh, 3 by 4, every element",
            case: layer,
            mode: Mode::Auto,
        },
        Function {
            name: "softmax, 3 by 4, every element",
            case: rows,
            mode: Mode::Auto,
        },
        Function {
            name: "784-256-128-10, 235 146 parameters, fast",
            case: net,
            mode: Mode::Fast,
        },
    ]
}

fn main() {
    let mut columns: Vec<(String, Contestant)> = Vec::new();
    for backend in [Backend::Flex, Backend::Ndarray] {
        if let Ok(opened) = backend.open() {
            columns.push((format!("{backend}, f64"), Contestant::Burn(opened.device)));
        }
    }
    if let Some(python) = std::env::var_os("PYTHON") {
        let child = Command::new(&python)
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", python.display()));
        columns.push(("PyTorch, f64".to_owned(), Contestant::python(child)));
    }
    let functions = functions();
    let mut seconds = vec![vec![Vec::new(); functions.len()]; columns.len()];
    for _ in 0..=ROUNDS {
        for (number, function) in functions.iter().enumerate() {
            for (column, (_, contestant)) in columns.iter_mut().enumerate() {
                seconds[column][number].push(contestant.check(number, function));
            }
        }
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    let mut header = vec!["median of a check, ms".to_owned()];
    header.extend(columns.iter().map(|(name, _)| name.clone()));
    table.set_header(header);
    for (number, function) in functions.iter().enumerate() {
        let mut row = vec![function.name.to_owned()];
        for of_column in &mut seconds {
            // The first round warms up.
            let times = &mut of_column[number][1..];
            times.sort_by(f64::total_cmp);
            row.push(format!("{:.2}", 1e3 * times[times.len() / 2]));
        }
        table.add_row(row);
    }
    println!("{table}");
}

/// A checker that waits for its turn.
enum Contestant {
    Burn(Device),
    Python(Box<Python>),
}

/// The script, and the lines that it writes.
struct Python {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Contestant {
    fn python(mut child: Child) -> Self {
        let output = child.stdout.take().expect("standard output is piped");
        Self::Python(Box::new(Python {
            child,
            lines: BufReader::new(output),
        }))
    }

    /// Seconds for one check of function number `number`.
    fn check(&mut self, number: usize, function: &Function) -> f64 {
        match self {
            Self::Burn(device) => {
                let target = Target::new(device.clone(), DType::F64);
                let options = Options::default().mode(function.mode);
                let start = Instant::now();
                let report = function.case.run(&target, &options);
                let seconds = start.elapsed().as_secs_f64();
                report.assert_pass();
                seconds
            }
            Self::Python(python) => {
                let input = python
                    .child
                    .stdin
                    .as_mut()
                    .expect("standard input is piped");
                writeln!(input, "{number}").expect("the script reads");
                let mut line = String::new();
                python
                    .lines
                    .read_line(&mut line)
                    .expect("the script answers");
                line.trim().parse().unwrap_or_else(|_| {
                    panic!("the script answers a number of seconds, not {line:?}")
                })
            }
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

//! Programs as Rust on Burn alone.

use std::fmt::Write;

use crate::execute::Setting;
use crate::operations::type_name;
use crate::program::{Program, Step, Trace};
use crate::witness::Witnesses;

impl Program {
    /// The program as Rust: `main` fails an assertion where a gradient is not what the formulas say.
    ///
    /// # Panics
    ///
    /// If the program has a flaw.
    pub fn code(&self, setting: &Setting) -> String {
        let trace = Trace::of(self).expect("a program without flaws");
        let witnesses = Witnesses::of(self, &trace, 8);
        let body = self.body(&trace, &witnesses);
        let uses = uses(&body);
        let device = match setting.backend {
            "ndarray" => "Device::ndarray()",
            _ => "Device::flex()",
        };
        let checkpointing = if setting.checkpointing {
            ".gradient_checkpointing()"
        } else {
            ""
        };
        format!(
            "{uses}\nfn main() {{\n    let device = {device}.autodiff(){checkpointing};\n    \
             let dtype = DType::{:?};\n{body}}}\n\n{CLOSE}",
            setting.dtype
        )
    }

    fn body(&self, trace: &Trace, witnesses: &Witnesses) -> String {
        let (last_uses, leaves) = (self.last_uses(), self.leaves());
        let mut code = String::new();
        let has_sibling = |leaf: usize| {
            let mut steps = self.steps();
            steps.any(|step| matches!(step, Step::Sibling { of } if *of == leaf))
        };
        let mut pass = 0;
        for (place, instruction) in self.instructions.iter().enumerate() {
            let step = &instruction.step;
            let names = step.operands();
            let operands = names.iter().enumerate().map(|(number, &name)| {
                let is_last = last_uses[name] == place && !names[number + 1..].contains(&name);
                // A leaf's handle is kept for its gradient.
                let is_kept = self.instructions[name].is_kept || leaves.contains(&name);
                if is_last && !is_kept {
                    format!("v{name}")
                } else {
                    format!("v{name}.clone()")
                }
            });
            let operands: Vec<_> = operands.collect();
            let made = match step {
                Step::Leaf {
                    shape,
                    numbers,
                    is_tracked,
                } => {
                    let tensor = format!(
                        "Tensor::from_data(TensorData::new(vec!{numbers:?}, {shape:?}), (&device, dtype))"
                    );
                    if has_sibling(place) {
                        let rank = shape.len();
                        let _ = writeln!(code, "    let w{place}: Tensor<{rank}> = {tensor};");
                        format!("w{place}.clone().require_grad()")
                    } else if *is_tracked {
                        let rank = shape.len();
                        format!(
                            "{}.require_grad()",
                            tensor.replacen("Tensor", &format!("Tensor::<{rank}>"), 1)
                        )
                    } else {
                        tensor
                    }
                }
                Step::Sibling { of } => format!("w{of}.clone().require_grad()"),
                Step::Whole { shape, numbers } => {
                    format!(
                        "Tensor::from_data(TensorData::new(vec!{numbers:?}, {shape:?}), &device)"
                    )
                }
                Step::Call { call, .. } => call.code(&operands),
                Step::Detach { .. } => format!("{}.detach()", operands[0]),
                Step::Backward { .. } => {
                    let _ = writeln!(code, "    let grads = {}.backward();", operands[0]);
                    for (number, leaf) in
                        leaves.iter().enumerate().filter(|(_, leaf)| **leaf < place)
                    {
                        let right = &witnesses.gradients[pass][number];
                        let right: Vec<_> = right.iter().map(|it| it.formula).collect();
                        let _ =
                            writeln!(code, "    assert_close(v{leaf}.grad(&grads), &{right:?});");
                    }
                    pass += 1;
                    continue;
                }
            };
            let kind = trace
                .kind(place)
                .expect("only a backward pass has no value");
            let rank = trace.shape(place).len();
            let is_read = last_uses[place] > place || leaves.contains(&place);
            let tensor = type_name(kind, rank);
            let _ = if is_read || instruction.is_kept {
                writeln!(code, "    let v{place}: {tensor} = {made};")
            } else {
                writeln!(code, "    drop::<{tensor}>({made});")
            };
        }
        code
    }
}

/// The imports that a body needs.
fn uses(body: &str) -> String {
    let mut names = vec!["DType", "Device", "Tensor", "TensorData"];
    for (name, sign) in [
        ("Bool", ", Bool>"),
        ("IndexingUpdateOp", "IndexingUpdateOp"),
        ("Int", ", Int>"),
        ("activation", "activation::"),
        ("module", "module::"),
    ] {
        if body.contains(sign) {
            names.push(name);
        }
    }
    names.sort_unstable();
    let options = ["AvgPoolOptions", "ConvOptions", "MaxPoolOptions"];
    let options: Vec<_> = options
        .into_iter()
        .filter(|name| body.contains(name))
        .collect();
    let mut uses = String::new();
    if !options.is_empty() {
        let _ = writeln!(uses, "use burn::tensor::ops::{{{}}};", options.join(", "));
    }
    let _ = writeln!(uses, "use burn::tensor::{{{}}};", names.join(", "));
    uses
}

const CLOSE: &str = "\
fn assert_close<const D: usize>(got: Option<Tensor<D>>, right: &[f64]) {
    let got: Vec<f64> = match got {
        Some(got) => got.into_data().iter::<f64>().collect(),
        None => vec![0.0; right.len()],
    };
    let is_close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-4 * b.abs().max(1.0);
    assert!(got.iter().zip(right).all(is_close), \"right is {right:?}, got {got:?}\");
}
";

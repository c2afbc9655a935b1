//! Every known mistake put in as an answer is named as itself, and no right formula is called wrong.

use burn::tensor::Device;
use exercise_judge::{Diagnosis, Exercise, Known, Outcome, PartVerdict, Task, diagnose, exercises};
use exercises::{Matrix, Value};

/// An answer's results as outcomes; where it has none, the function panicked. Questions that it says nothing about
/// are answered rightly.
fn outcomes(task: &Task, known: &Known) -> Vec<Outcome> {
    let outcome = |results: &Option<Vec<Value>>| match results {
        Some(results) => Outcome::Results(results.clone()),
        None => Outcome::Panicked {
            message: "shapes do not fit".into(),
            place: "here".into(),
        },
    };
    let beyond = right(task).into_iter().skip(known.answers.len());
    known.answers.iter().map(outcome).chain(beyond).collect()
}

fn right(task: &Task) -> Vec<Outcome> {
    let questions = task.questions.iter();
    questions
        .map(|question| Outcome::Results(question.right.clone()))
        .collect()
}

/// The diagnosis of right answers after a change.
fn changed(exercise: &Exercise, change: impl Fn(&mut Vec<Value>)) -> Diagnosis {
    let task = exercise.task(&Device::flex());
    let mut outcomes = right(&task);
    for outcome in &mut outcomes {
        if let Outcome::Results(results) = outcome {
            change(results);
        }
    }
    diagnose(&task, exercise.results, &outcomes)
}

fn sentences(diagnosis: &Diagnosis, part: usize) -> String {
    match &diagnosis.parts[part].verdict {
        PartVerdict::Wrong { sentences, .. } => sentences.join("; "),
        other => panic!("{other:?}"),
    }
}

fn named(name: &str) -> &'static Exercise {
    exercise_judge::exercise(name).expect("there is one")
}

#[test]
fn every_known_mistake_is_named_as_itself() {
    let (mut count, mut otherwise) = (0, vec![]);
    for exercise in exercises() {
        let task = exercise.task(&Device::flex());
        assert!(!task.questions.is_empty(), "{}", exercise.name);
        assert!(
            task.known.len() >= 3,
            "{}: {}",
            exercise.name,
            task.known.len()
        );
        for known in &task.known {
            count += 1;
            let diagnosis = diagnose(&task, exercise.results, &outcomes(&task, known));
            assert!(!diagnosis.is_right(), "{}: {}", exercise.name, known.name);
            if diagnosis.known() != [known.name.as_str()] {
                otherwise.push(format!(
                    "{}: {}: {:?}",
                    exercise.name,
                    known.name,
                    diagnosis.known()
                ));
            }
        }
    }
    let share = 1.0 - otherwise.len() as f64 / count as f64;
    println!(
        "{count} mistakes, {:.1} % named as themselves: {otherwise:#?}",
        100.0 * share
    );
    assert!(count >= 200, "{count}");
    assert!(share >= 0.95, "{otherwise:#?}");
}

#[test]
fn no_right_formula_is_called_wrong() {
    let mut count = 0;
    for exercise in exercises() {
        let task = exercise.task(&Device::flex());
        for known in &task.alternatives {
            let answers = outcomes(&task, known);
            assert!(answers.iter().any(|answer| answer.results().is_some()));
            // An alternative of another point has no results there: what it has must be right.
            let filled = answers
                .into_iter()
                .zip(right(&task))
                .map(|(answer, right)| {
                    if answer.results().is_some() {
                        answer
                    } else {
                        right
                    }
                });
            let filled: Vec<Outcome> = filled.collect();
            count += 1;
            let diagnosis = diagnose(&task, exercise.results, &filled);
            assert!(diagnosis.is_right(), "{}: {diagnosis:#?}", known.name);
        }
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn all_witnesses_agree_with_every_solution() {
    let mut count = 0;
    for exercise in exercises() {
        for question in exercise.task(&Device::flex()).questions {
            for (witness, values) in question.witnesses() {
                count += 1;
                for (value, right) in values.iter().zip(&question.right) {
                    assert_eq!(value.shape(), right.shape(), "{}", exercise.name);
                    for (a, b) in value.numbers().iter().zip(right.numbers()) {
                        let close = (a - b).abs() <= 1e-6 * (1.0 + b.abs());
                        assert!(close, "{}: {witness}: {a} {b}", exercise.name);
                    }
                }
            }
        }
    }
    assert!(count >= 100, "{count}");
}

#[test]
fn what_no_table_names_is_recognised_by_its_pattern() {
    let scaled = |factor: f64| {
        move |results: &mut Vec<Value>| {
            if let Value::Matrix(matrix) = &mut results[0] {
                *matrix = &*matrix * factor;
            }
        }
    };
    let layer = named("layer");
    for (factor, words) in [
        (-1.0, "wrong sign"),
        (2.0, "twice the right one"),
        (0.5, "half of the right one"),
        (3.25, "times 3.25"),
        (0.0, "zero everywhere"),
    ] {
        let text = sentences(&changed(layer, scaled(factor)), 0);
        assert!(text.contains(words), "{factor}: {text}");
    }
    let of_matrix = |change: fn(&Matrix) -> Matrix| {
        move |results: &mut Vec<Value>| {
            if let Value::Matrix(matrix) = &mut results[1] {
                *matrix = change(matrix);
            }
        }
    };
    type Change = fn(&Matrix) -> Matrix;
    let patterns: [(Change, &str); 5] = [
        (Matrix::t, "transpose of the right one"),
        (
            |m| Matrix::from_fn(m.rows(), m.columns(), |i, j| m[(m.rows() - 1 - i, j)]),
            "rows in another order",
        ),
        (|m| m + 0.5, "off by the same number"),
        (|m| m.map(|_| f64::NAN), "NaN"),
        (
            |m| {
                let mut m = m.clone();
                m[(1, 0)] += 0.25;
                m
            },
            "but for 1 of",
        ),
    ];
    for (change, words) in patterns {
        let text = sentences(&changed(layer, of_matrix(change)), 1);
        assert!(text.contains(words), "{words}: {text}");
    }
    let bias = changed(named("add_bias"), |results| results[1] = results[0].clone());
    assert!(
        sentences(&bias, 1).contains("sum over the rows is missing"),
        "{bias:?}"
    );
}

#[test]
fn a_factor_of_n_is_told_from_a_constant_one() {
    let regression = named("regression");
    let task = regression.task(&Device::flex());
    let outcomes = task.questions.iter().map(|question| {
        let mut results = question.right.clone();
        let Value::Matrix(x) = &question.arguments[0] else {
            panic!("X is a matrix")
        };
        if let Value::Matrix(grad_b) = &results[1] {
            results[1] = Value::Matrix(grad_b * (x.rows() * x.rows()) as f64);
        }
        Outcome::Results(results)
    });
    let diagnosis = diagnose(&task, regression.results, &outcomes.collect::<Vec<_>>());
    let text = sentences(&diagnosis, 1);
    assert!(text.contains("the square of the number of rows"), "{text}");
    assert_eq!(diagnosis.parts[0].verdict, PartVerdict::Right);
}

#[test]
fn two_mistakes_in_two_results_are_both_named() {
    let exercise = named("xor_net");
    let task = exercise.task(&Device::flex());
    let find = |name: &str| {
        task.known
            .iter()
            .find(|known| known.name == name)
            .expect("it is known")
    };
    let (one, two) = (
        find("xor net: mean in δb2"),
        find("xor net: x not transposed"),
    );
    let outcomes = (0..task.questions.len()).map(|question| {
        let Some(mut results) = one.answers[question].clone() else {
            panic!("it has results")
        };
        match &two.answers[question] {
            Some(other) => results[0] = other[0].clone(),
            None => {
                return Outcome::Panicked {
                    message: String::new(),
                    place: String::new(),
                };
            }
        }
        Outcome::Results(results)
    });
    let diagnosis = diagnose(&task, exercise.results, &outcomes.collect::<Vec<_>>());
    assert_eq!(
        diagnosis.known(),
        ["xor net: x not transposed", "xor net: mean in δb2"]
    );
}

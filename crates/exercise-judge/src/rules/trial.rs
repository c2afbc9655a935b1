//! Tasks from cases of the gradient checker: the point is the case's, autodiff and finite differences are witnesses,
//! and the mutants of the rule are known mistakes.

use std::sync::Arc;

use burn::tensor::Device;
use burn_gradcheck::{Alternative, Case, Mutant, NamedValues, Sample, Testimony, Witness};
use exercises::{Matrix, Value};
use gradient_trials::Origin;

use super::sentences;
use crate::question::{Formula, Known, Question, Row, Task, known};
use crate::quiet::quietly;

/// How an exercise's function takes or gives a tensor.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `[n, d]`.
    Matrix,
    /// `[d]` as `[1, d]`.
    Row,
    /// `[d]` as `[d, 1]`.
    Column,
    /// `[1]` as a number.
    Number,
    /// `[d]` as a list.
    List,
    /// A number that is no tensor of the case.
    Constant(f64),
}

/// The name of a case's upstream gradient among the arguments.
pub(crate) const UPSTREAM: &str = "upstream";

/// A name of the case, and its form in the exercise.
pub(crate) type Slots = &'static [(&'static str, Form)];

/// A rule of the gradient checker as an exercise.
pub(crate) struct Trial {
    /// The solution.
    pub(crate) formula: Formula,
    /// The arguments of the function.
    pub(crate) arguments: Slots,
    /// The inputs whose gradients are its results.
    pub(crate) results: Slots,
    /// More mistakes, as functions of the arguments.
    pub(crate) wrong: &'static [Row],
    /// Other formulas that are right.
    pub(crate) right: &'static [Row],
}

impl Trial {
    /// The rule's cases and mutants from `gradient-trials`; mutants are named `rule: mistake`.
    pub(crate) fn of_rule(&self, device: &Device, origin: Origin, rule: &str) -> Task {
        let is_of = |name: &str| {
            name.strip_prefix(rule)
                .is_some_and(|rest| rest.starts_with(": "))
        };
        let mut mutants = origin.mutants();
        mutants.retain(|mutant| is_of(mutant.name));
        let cases = mutants.first().map(|mutant| mutant.cases().to_vec());
        let mut alternatives = origin.alternatives();
        alternatives.retain(|alternative| is_of(alternative.name));
        self.of_cases(device, &cases.unwrap_or_default(), &mutants, &alternatives)
    }

    /// A task from cases, with mutants and alternatives that have the same ones.
    pub(crate) fn of_cases(
        &self,
        device: &Device,
        cases: &[Case],
        mutants: &[Mutant],
        alternatives: &[Alternative],
    ) -> Task {
        let questions: Vec<Question> = cases
            .iter()
            .map(|case| self.question(device, case))
            .collect();
        let mut mistakes: Vec<Known> = mutants
            .iter()
            .filter(|mutant| {
                mutant
                    .cases()
                    .iter()
                    .map(Case::name)
                    .eq(cases.iter().map(Case::name))
            })
            .map(|mutant| Known {
                name: mutant.name.to_owned(),
                sentence: sentence(mutant),
                answers: mutant
                    .cases()
                    .iter()
                    .map(|case| self.by_hand(device, case))
                    .collect(),
            })
            .collect();
        mistakes.extend(known(self.wrong, &questions));
        let of = |alternative: &Alternative| {
            let case = |wanted: &Case| {
                alternative
                    .cases()
                    .iter()
                    .find(|case| case.name() == wanted.name())
            };
            let answers: Vec<_> = cases
                .iter()
                .map(|wanted| self.by_hand(device, case(wanted)?))
                .collect();
            answers.iter().any(Option::is_some).then(|| Known {
                name: alternative.name.to_owned(),
                sentence: alternative.formula.to_owned(),
                answers,
            })
        };
        let mut rights: Vec<Known> = alternatives.iter().filter_map(of).collect();
        rights.extend(known(self.right, &questions));
        Task {
            questions,
            known: mistakes,
            alternatives: rights,
        }
    }

    fn question(&self, device: &Device, case: &Case) -> Question {
        let at = ask(device, case, Witness::Autodiff).expect("a case of a rule can be asked");
        let find = |name: &str| {
            let named = at.inputs.iter().find(|input| input.name == name);
            named.unwrap_or_else(|| panic!("the case has an input `{name}`"))
        };
        let arguments = self
            .arguments
            .iter()
            .map(|(name, form)| match (*name, form) {
                (_, Form::Constant(number)) => Value::Number(*number),
                (UPSTREAM, form) => form.value(&at.upstream[0]),
                (name, form) => form.value(find(name)),
            });
        let mut question = Question::new(arguments.collect(), self.formula);
        let (device, case, results) = (device.clone(), case.clone(), self.results);
        question.witnesses = Some(Arc::new(move || {
            let witnesses = [
                ("autodiff", Witness::Autodiff),
                ("finite differences", Witness::Finite),
            ];
            let say =
                |(name, witness)| Some((name, gradients(results, &ask(&device, &case, witness)?)));
            witnesses.into_iter().filter_map(say).collect()
        }));
        question
    }

    /// The hand-written gradient of a case as results, if it has the right shapes.
    fn by_hand(&self, device: &Device, case: &Case) -> Option<Vec<Value>> {
        ask(device, case, Witness::Manual).map(|said| gradients(self.results, &said))
    }
}

/// What a witness says about a case; nothing if it panics.
fn ask(device: &Device, case: &Case, witness: Witness) -> Option<Testimony> {
    quietly(|| case.testimony(witness, device, upstream).ok()).flatten()
}

/// 1 for a loss, drawn for other outputs.
fn upstream(output: usize, shape: &[usize]) -> Vec<f64> {
    match shape.iter().product() {
        1 => vec![1.0],
        count => Sample::Signed.draw(count, 0, &["exercise", &output.to_string()]),
    }
}

fn gradients(results: Slots, said: &Testimony) -> Vec<Value> {
    let find = |name: &str| {
        let named = said.gradients.iter().find(|gradient| gradient.name == name);
        named.unwrap_or_else(|| panic!("the case has a gradient `{name}`"))
    };
    results
        .iter()
        .map(|(name, form)| form.value(find(name)))
        .collect()
}

/// What is wrong, as a sentence: the one for students, or what the mutant says of itself.
fn sentence(mutant: &Mutant) -> String {
    sentences::sentence(mutant.name)
        .unwrap_or(mutant.mistake)
        .to_owned()
}

impl Form {
    fn value(self, named: &NamedValues) -> Value {
        let values = named.values.clone();
        let count = values.len();
        match self {
            Self::Matrix => {
                Value::Matrix(Matrix::new(named.shape[0], count / named.shape[0], values))
            }
            Self::Row => Value::Matrix(Matrix::new(1, count, values)),
            Self::Column => Value::Matrix(Matrix::new(count, 1, values)),
            Self::Number | Self::Constant(_) => Value::Number(values[0]),
            Self::List => Value::List(values),
        }
    }
}

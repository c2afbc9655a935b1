//! From a function's results to what is wrong with them.

use exercises::Value;

use crate::child::Outcome;
use crate::figures::figures;
use crate::patterns;
use crate::question::{Known, Question, Task, equal, first_difference};

/// What is known about an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// Why the function gave no results for some question.
    pub failure: Option<Outcome>,
    /// One for each result of the function.
    pub parts: Vec<Part>,
}

/// What is known about one result.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The result's name: `grad_w`.
    pub name: &'static str,
    /// Right or wrong.
    pub verdict: PartVerdict,
}

/// Whether a result is right.
#[derive(Clone, Debug, PartialEq)]
pub enum PartVerdict {
    /// It is right.
    Right,
    /// The function failed before it could be seen.
    Unknown,
    /// It is right where the function did not fail.
    RightSoFar,
    /// It is wrong.
    Wrong {
        /// The known mistake, if it is one: its name.
        known: Option<String>,
        /// What is wrong, as sentences; empty if nothing is recognised.
        sentences: Vec<String>,
        /// Shape, and the first wrong element by all witnesses.
        evidence: String,
    },
}

impl Diagnosis {
    /// Whether everything is right.
    pub fn is_right(&self) -> bool {
        self.failure.is_none()
            && self
                .parts
                .iter()
                .all(|part| part.verdict == PartVerdict::Right)
    }

    /// The names of the known mistakes, each once.
    pub fn known(&self) -> Vec<&str> {
        let mut names: Vec<&str> = vec![];
        for part in &self.parts {
            match &part.verdict {
                PartVerdict::Wrong {
                    known: Some(name), ..
                } if !names.contains(&&**name) => {
                    names.push(name);
                }
                _ => {}
            }
        }
        names
    }
}

/// Compares an answer, one outcome for each question, with the right one and with the known wrong ones.
pub fn diagnose(task: &Task, parts: &[&'static str], outcomes: &[Outcome]) -> Diagnosis {
    let seen = Seen {
        task,
        outcomes: outcomes.iter().map(Outcome::results).collect(),
    };
    let failure = outcomes.iter().find(|outcome| outcome.results().is_none());
    let count = parts.len();
    let whole = seen.whole(count);
    let common = seen.common(count).filter(|_| whole.is_none());
    let parts = parts.iter().enumerate().map(|(part, name)| Part {
        name,
        verdict: match &common {
            Some(sentence) => PartVerdict::Wrong {
                known: None,
                sentences: vec![sentence.clone()],
                evidence: seen.evidence(part),
            },
            None => seen.judge((part, name), count, whole),
        },
    });
    Diagnosis {
        failure: failure.cloned(),
        parts: parts.collect(),
    }
}

/// The results, `None` where the function failed.
struct Seen<'a> {
    task: &'a Task,
    outcomes: Vec<Option<&'a [Value]>>,
}

impl<'a> Seen<'a> {
    /// The questions that were answered, with the answer's part.
    fn answered(&self, part: usize) -> impl Iterator<Item = (usize, &'a Question, &'a Value)> {
        let questions = self.task.questions.iter().enumerate();
        let pairs = questions.zip(self.outcomes.clone());
        pairs.filter_map(move |((number, question), results)| {
            Some((number, question, results?.get(part)?))
        })
    }

    fn is_right(&self, part: usize) -> bool {
        self.answered(part)
            .all(|(_, question, value)| question.accepts(part, value))
    }

    /// The known mistake that explains all parts at once, and fails where the answer does.
    fn whole(&self, parts: usize) -> Option<&'a Known> {
        let mut known = self.task.known.iter();
        let fails_alike = |known: &Known| {
            let mut pairs = known.answers.iter().zip(&self.outcomes);
            pairs.all(|(theirs, ours)| theirs.is_none() == ours.is_none())
        };
        known.find(|known| fails_alike(known) && (0..parts).all(|part| self.explains(known, part)))
    }

    /// What is wrong with all of several parts in the same way, so that it is wrong in what they are made from.
    fn common(&self, parts: usize) -> Option<String> {
        if (0..parts).any(|part| self.is_right(part)) {
            return None;
        }
        let words: Option<Vec<String>> = (0..parts)
            .map(|part| patterns::factor(&patterns::pairs(part, &self.answers(part))))
            .collect();
        let words = words.filter(|words| words.len() > 1)?;
        let first = words.first()?;
        words
            .iter()
            .all(|other| other == first)
            .then(|| format!("every result {first}; look at what all of them are made from"))
    }

    /// The known mistake that explains a part, and of several the one that fits the other parts best. One that would
    /// make a part wrong which is right is taken only if `contradicts` asks for it: what it says of a value
    /// that both are made from is not so.
    fn closest(&self, part: usize, parts: usize, contradicts: bool) -> Option<&'a Known> {
        let known = self.task.known.iter();
        let explaining = known.filter(|known| {
            self.explains(known, part) && self.contradicts(known, parts) == contradicts
        });
        explaining.min_by_key(|known| {
            (0..parts)
                .filter(|other| !self.explains(known, *other))
                .count()
        })
    }

    /// Whether a known mistake makes a part wrong that is right in the answer.
    fn contradicts(&self, known: &Known, parts: usize) -> bool {
        let mut parts = 0..parts;
        parts.any(|part| {
            self.answered(part).next().is_some()
                && self.is_right(part)
                && !self.explains(known, part)
        })
    }

    /// Whether a known mistake has these results in a part. Where the answer has another shape, so must the mistake;
    /// where the function failed, perhaps by another part, nothing is known.
    fn explains(&self, known: &Known, part: usize) -> bool {
        let mut agrees = 0;
        for (number, question, ours) in self.answered(part) {
            let right = &question.right[part];
            let Some(theirs) = known.answers.get(number) else {
                continue;
            };
            let theirs = theirs.as_deref().and_then(|known| known.get(part));
            let theirs = theirs.filter(|value| value.shape() == right.shape());
            let ours = Some(ours).filter(|value| value.shape() == right.shape());
            match (ours, theirs) {
                (Some(ours), Some(theirs)) if equal(ours, theirs, question.tolerance) => {
                    agrees += 1
                }
                (None, None) => {}
                _ => return false,
            }
        }
        agrees > 0
    }

    fn judge(
        &self,
        (part, name): (usize, &str),
        parts: usize,
        whole: Option<&'a Known>,
    ) -> PartVerdict {
        if self.answered(part).next().is_none() {
            return PartVerdict::Unknown;
        }
        let failed = self.outcomes.iter().any(Option::is_none);
        if self.is_right(part) {
            return if failed {
                PartVerdict::RightSoFar
            } else {
                PartVerdict::Right
            };
        }
        let (known, sentences) = self.named((part, name), parts, whole);
        PartVerdict::Wrong {
            known: known.map(|known| known.name.clone()),
            sentences,
            evidence: self.evidence(part),
        }
    }

    /// The known mistake in a part, and what is wrong with it as sentences.
    fn named(
        &self,
        (part, name): (usize, &str),
        parts: usize,
        whole: Option<&'a Known>,
    ) -> (Option<&'a Known>, Vec<String>) {
        if let Some(known) = whole.or_else(|| self.closest(part, parts, false)) {
            return (Some(known), vec![known.sentence.clone()]);
        }
        let answers = self.answers(part);
        let others: Vec<_> = answers
            .iter()
            .map(|(number, ..)| self.outcomes[*number].unwrap_or_default())
            .collect();
        if let Some(sentence) = patterns::recognised(part, name, &answers, &others) {
            return (None, vec![sentence]);
        }
        match self.closest(part, parts, true) {
            Some(known) => {
                let sentence = format!(
                    "{}; but only here, as another result shows: look at the line of {name}",
                    known.sentence
                );
                (Some(known), vec![sentence])
            }
            None => (
                None,
                patterns::few(part, name, &answers).into_iter().collect(),
            ),
        }
    }

    fn answers(&self, part: usize) -> Vec<(usize, &'a Question, &'a Value)> {
        self.answered(part).collect()
    }

    /// What shows best that the part is wrong: a shape, an element that is no finite number, or the first element
    /// that is wrong, by all witnesses.
    fn evidence(&self, part: usize) -> String {
        let mut wrong = self.answers(part);
        wrong.retain(|(_, question, value)| !question.accepts(part, value));
        let shapes = wrong
            .iter()
            .map(|(_, question, value)| (value.shape(), question.right[part].shape()));
        for (got, expected) in shapes {
            if got != expected {
                return format!("its shape is {got}, expected {expected}");
            }
        }
        let stray = wrong.iter().find_map(|(_, question, value)| {
            let mut pairs = value.numbers().iter().zip(question.right[part].numbers());
            let at = pairs.position(|(ours, right)| !ours.is_finite() && right.is_finite())?;
            Some((*question, *value, at))
        });
        let first = wrong.first().map(|(_, question, value)| {
            let right = &question.right[part];
            let at = first_difference(value, right, question.tolerance).unwrap_or(0);
            (*question, *value, at)
        });
        stray
            .or(first)
            .map(|(question, value, at)| element(question, part, value, at))
            .unwrap_or_default()
    }
}

/// An element by the answer and by all witnesses. Places count from 1.
fn element(question: &Question, part: usize, value: &Value, at: usize) -> String {
    let right = &question.right[part];
    if let (Value::Truth(ours), Value::Truth(right)) = (value, right) {
        return format!("yours {ours}, expected {right}");
    }
    let witnesses = question.witnesses();
    let (mut names, mut numbers) = (
        vec!["yours", "the formula"],
        vec![value.numbers()[at], right.numbers()[at]],
    );
    for (witness, values) in &witnesses {
        names.push(witness);
        numbers.push(values[part].numbers()[at]);
    }
    let says: Vec<String> = names
        .iter()
        .zip(figures(&numbers))
        .map(|(name, number)| format!("{name} {number}"))
        .collect();
    let says = says.join(", ");
    match value {
        Value::Matrix(matrix) => {
            let (row, column) = (at / matrix.columns() + 1, at % matrix.columns() + 1);
            let shape = value.shape();
            format!("first wrong at row {row}, column {column} of {shape}: {says}")
        }
        Value::List(numbers) => {
            format!(
                "first wrong at number {} of {}: {says}",
                at + 1,
                numbers.len()
            )
        }
        Value::Number(_) | Value::Truth(_) => says,
    }
}

//! From a function's results to what is wrong with them.

use exercises::Value;

use crate::child::Outcome;
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
    let parts = parts.iter().enumerate().map(|(part, name)| Part {
        name,
        verdict: seen.judge((part, name), count, whole),
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
            .all(|(_, question, value)| equal(value, &question.right[part], question.tolerance))
    }

    /// The known mistake that explains all parts at once, and fails where the answer does.
    fn whole(&self, parts: usize) -> Option<&'a Known> {
        let mut known = self.task.known.iter();
        let fails = |known: &Known| {
            known
                .answers
                .iter()
                .map(Option::is_none)
                .collect::<Vec<_>>()
        };
        let failed: Vec<bool> = self.outcomes.iter().map(Option::is_none).collect();
        known.find(|known| {
            fails(known) == failed && (0..parts).all(|part| self.explains(known, part))
        })
    }

    /// The known mistake that explains a part, and of several the one that fits the other parts best.
    fn closest(&self, part: usize, parts: usize) -> Option<&'a Known> {
        let known = self.task.known.iter();
        let explaining = known.filter(|known| self.explains(known, part));
        explaining.min_by_key(|known| {
            (0..parts)
                .filter(|other| !self.explains(known, *other))
                .count()
        })
    }

    /// Whether a known mistake has these results in a part. Where the answer has another shape, so must the mistake;
    /// where the function failed, perhaps by another part, nothing is known.
    fn explains(&self, known: &Known, part: usize) -> bool {
        let mut agrees = 0;
        for (number, question, ours) in self.answered(part) {
            let right = &question.right[part];
            let theirs = known.answers[number]
                .as_deref()
                .and_then(|known| known.get(part));
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
        whole: Option<&Known>,
    ) -> PartVerdict {
        if self.answered(part).next().is_none() {
            return PartVerdict::Unknown;
        }
        let failed = self.outcomes.iter().any(Option::is_none);
        if self.is_right(part) {
            return if failed {
                PartVerdict::Unknown
            } else {
                PartVerdict::Right
            };
        }
        let known = whole.or_else(|| self.closest(part, parts));
        let sentences = match known {
            Some(known) => vec![known.sentence.clone()],
            None => {
                let answered: Vec<_> = self.answered(part).collect();
                let others: Vec<_> = answered
                    .iter()
                    .map(|(number, ..)| self.outcomes[*number].unwrap_or_default())
                    .collect();
                patterns::recognised(part, name, &answered, &others)
            }
        };
        PartVerdict::Wrong {
            known: known.map(|known| known.name.clone()),
            sentences,
            evidence: self.evidence(part),
        }
    }

    /// The first question at which the part is wrong: shapes, or an element by all witnesses.
    fn evidence(&self, part: usize) -> String {
        let wrong = self
            .answered(part)
            .find(|(_, question, value)| !equal(value, &question.right[part], question.tolerance));
        let Some((_, question, value)) = wrong else {
            return String::new();
        };
        let right = &question.right[part];
        let (got, expected) = (value.shape(), right.shape());
        if got != expected {
            return format!("its shape is {got}, expected {expected}");
        }
        let at = first_difference(value, right, question.tolerance).unwrap_or(0);
        let number = |value: &Value| format!("{:.6}", value.numbers()[at]);
        let mut says = vec![
            format!("yours {}", number(value)),
            format!("the formula {}", number(right)),
        ];
        for (witness, values) in question.witnesses() {
            says.push(format!("{witness} {}", number(&values[part])));
        }
        let place = match value {
            Value::Matrix(matrix) => {
                let columns = matrix.columns();
                format!("element ({}, {}) of {got}", at / columns, at % columns)
            }
            Value::List(_) => format!("number {at} of {got}"),
            Value::Number(_) => "the number".to_owned(),
        };
        format!("first wrong at {place}: {}", says.join(", "))
    }
}

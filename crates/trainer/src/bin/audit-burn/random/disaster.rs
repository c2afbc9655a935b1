//! Bad ends of a process, caused on purpose: the parent must notice them, say the seed, and go on.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use random_programs::Program;

/// A bad end of each program that calls an operation: `overflow:Tensor::exp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disaster {
    end: BadEnd,
    operation: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadEnd {
    /// The stack overflows.
    Overflow,
    /// Memory grows without end.
    Memory,
}

/// Memory that is taken at once, and how long it is until the next time: 2 GiB in a second.
const PIECE: usize = 32 << 20;
const PAUSE: Duration = Duration::from_millis(15);

impl Disaster {
    /// Happens if a program calls the operation.
    pub(super) fn meet(&self, program: &Program) {
        if program.names().any(|name| name == self.operation) {
            match self.end {
                BadEnd::Overflow => drop(black_box(descend(0))),
                BadEnd::Memory => grow(),
            }
        }
    }
}

/// Calls itself more often than any stack allows.
fn descend(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    black_box(descend(depth + 1)) + 1
}

fn grow() {
    let mut taken = Vec::new();
    loop {
        taken.push(vec![1_u8; PIECE]);
        black_box(&taken);
        thread::sleep(PAUSE);
    }
}

impl FromStr for Disaster {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':');
        let parsed = parts.and_then(|(end, operation)| {
            let end = match end {
                "overflow" => BadEnd::Overflow,
                "memory" => BadEnd::Memory,
                _ => return None,
            };
            let operation = operation.to_owned();
            Some(Self { end, operation })
        });
        parsed.ok_or_else(|| "expected overflow:NAME or memory:NAME".to_owned())
    }
}

impl fmt::Display for Disaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.end {
            BadEnd::Overflow => "overflow",
            BadEnd::Memory => "memory",
        };
        write!(f, "{end}:{}", self.operation)
    }
}

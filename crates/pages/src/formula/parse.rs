//! The notation of formulas, read into a tree.

/// A part of a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A variable or a function, upright if it has more than one letter.
    Name(String),
    Number(String),
    Operator(String),
    /// A sign before what it belongs to.
    Sign,
    /// Space between factors.
    Space,
    Row(Vec<Node>),
    Fenced(char, Vec<Node>, char),
    Scripts {
        base: Box<Node>,
        below: Option<Box<Node>>,
        above: Vec<Node>,
    },
    Fraction(Vec<Node>, Vec<Node>),
    Root(Vec<Node>),
    /// Its rows, each with its entries.
    Matrix(Vec<Vec<Vec<Node>>>),
}

/// Superscripts as characters.
const RAISED: [(char, &str); 6] = [
    ('²', "2"),
    ('³', "3"),
    ('⁴', "4"),
    ('ᵀ', "T"),
    ('*', "*"),
    ('\'', "′"),
];
/// Functions whose derivative has a name with a prime.
const FUNCTIONS: [&str; 4] = ["relu", "sigmoid", "tanh", "elu"];
/// Operators that end a product.
const ENDS: [&str; 14] = [
    "=", "+", "−", "←", "≤", "≥", "<", ">", ",", ";", "+=", "≈", "∝", ":",
];

/// The formulas on a line: between two of them are two spaces or more, and the second does not go on
/// with the first.
pub(super) fn parts(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut spaces) = (0, 0);
    for c in line.trim().chars() {
        if c == ' ' {
            spaces += 1;
            continue;
        }
        let part = parts.last_mut().expect("there is a part");
        let goes_on = matches!(c, '=' | '+' | '-' | '≤' | '←')
            || part.ends_with(['=', '+', '-'])
            || depth > 0;
        if spaces > 1 && !goes_on {
            parts.push(String::new());
        } else if spaces > 0 {
            part.push(' ');
        }
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        spaces = 0;
        parts.last_mut().expect("there is a part").push(c);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A formula as a tree.
pub(super) fn nodes(formula: &str) -> Vec<Node> {
    let mut reader = Reader {
        characters: formula.chars().collect(),
        place: 0,
    };
    let mut nodes = vec![];
    while !reader.is_at_end() {
        nodes.extend(reader.row(&[]));
        // A bracket that closes nothing.
        if let Some(c) = reader.next() {
            nodes.push(Node::Operator(c.to_string()));
        }
    }
    nodes
}

struct Reader {
    characters: Vec<char>,
    place: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.place).copied()
    }

    fn peek_after(&self, distance: usize) -> Option<char> {
        self.characters.get(self.place + distance).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.place += usize::from(next.is_some());
        next
    }

    fn accept(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.place += usize::from(is_next);
        is_next
    }

    fn is_at_end(&self) -> bool {
        self.place == self.characters.len()
    }

    fn skip_spaces(&mut self) -> bool {
        let start = self.place;
        while self.accept(' ') {}
        self.place > start
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.place;
        while self.peek().is_some_and(&belongs) {
            self.place += 1;
        }
        self.characters[start..self.place].iter().collect()
    }

    /// Everything up to one of these characters, to a closing bracket, or to the end.
    fn row(&mut self, stops: &[char]) -> Vec<Node> {
        let mut row: Vec<Node> = vec![];
        loop {
            let spaced = self.skip_spaces();
            let Some(c) = self.peek() else { break };
            if stops.contains(&c) || matches!(c, ')' | ']') {
                break;
            }
            if c == '/' {
                self.place += 1;
                let wide = spaced && self.skip_spaces();
                self.fraction(&mut row, wide, stops);
                continue;
            }
            let node = match self.operator(row.last()) {
                Some(operator) => operator,
                None => self.factor(),
            };
            if spaced && row.last().is_some_and(is_operand) && is_operand(&node) {
                row.push(Node::Space);
            }
            row.push(node);
        }
        row
    }

    /// A fraction of what is before and after its bar: factors, or products if it is wide.
    fn fraction(&mut self, row: &mut Vec<Node>, wide: bool, stops: &[char]) {
        let ends = |node: &Node| match node {
            Node::Operator(operator) => ENDS.contains(&operator.as_str()),
            Node::Sign => true,
            _ => false,
        };
        let start = if wide {
            row.iter().rposition(ends).map_or(0, |place| place + 1)
        } else {
            row.len().saturating_sub(1)
        };
        let above = row.split_off(start);
        let mut below = vec![];
        if wide {
            loop {
                let spaced = self.skip_spaces();
                let Some(c) = self.peek() else { break };
                let place = self.place;
                if stops.contains(&c) || matches!(c, ')' | ']' | '/') {
                    break;
                }
                let node = match self.operator(below.last()) {
                    Some(operator) if ends(&operator) => {
                        self.place = place - usize::from(spaced);
                        break;
                    }
                    Some(operator) => operator,
                    None => self.factor(),
                };
                if spaced && below.last().is_some_and(is_operand) && is_operand(&node) {
                    below.push(Node::Space);
                }
                below.push(node);
            }
        } else if !self.is_at_end() {
            below.push(self.factor());
        }
        row.push(Node::Fraction(bare(above), bare(below)));
    }

    /// An operator, or the sign of what comes next.
    fn operator(&mut self, before: Option<&Node>) -> Option<Node> {
        let c = self.peek()?;
        let is_prefix = before.is_none_or(|node| !is_operand(node));
        let symbol = match c {
            '+' if self.peek_after(1) == Some('=') => "+=".to_owned(),
            '-' if is_prefix => {
                self.place += 1;
                return Some(Node::Sign);
            }
            '-' => "−".to_owned(),
            '=' | '+' | '←' | '≤' | '≥' | '<' | '>' | ',' | ';' | ':' | '·' | '×' | '∘' | '≈'
            | '∝' | '±' | '∞' | '…' | '→' | '∈' => c.to_string(),
            _ => return None,
        };
        self.place += if symbol == "+=" { 2 } else { 1 };
        Some(Node::Operator(symbol))
    }

    /// A name, a number, a bracket: with what is below and above it.
    fn factor(&mut self) -> Node {
        let base = self.primary();
        self.scripts(base)
    }

    fn primary(&mut self) -> Node {
        let Some(c) = self.next() else {
            return Node::Row(vec![]);
        };
        match c {
            '½' => Node::Fraction(vec![number("1")], vec![number("2")]),
            'Σ' => Node::Operator("∑".to_owned()),
            '∂' | '∇' => {
                let prefix = Node::Operator(c.to_string());
                self.skip_spaces();
                // In ∇x f the gradient is that by x.
                let is_factor = |c: char| c.is_alphabetic() || c == '(';
                match self.peek() {
                    Some(next) if is_factor(next) => Node::Row(vec![prefix, self.factor()]),
                    _ => prefix,
                }
            }
            'δ' if self.peek().is_some_and(|c| c.is_alphabetic() && c != 'ᵀ') => {
                Node::Row(vec![Node::Name("δ".to_owned()), self.factor()])
            }
            '(' => {
                let body = self.row(&[]);
                self.closed('(', body, ')')
            }
            '[' => self.bracket(),
            '‖' | '|' => {
                let body = self.row(&[c]);
                self.closed(c, body, c)
            }
            '√' => Node::Root(bare(vec![self.factor()])),
            c if c.is_ascii_digit() => {
                self.place -= 1;
                let mut digits = self.run(|c| c.is_ascii_digit() || c == '.');
                // An exponent, as in 1.5e-7.
                let sign = usize::from(self.peek_after(1) == Some('-'));
                let exponent = self.peek_after(1 + sign);
                if self.peek() == Some('e') && exponent.is_some_and(|c| c.is_ascii_digit()) {
                    self.place += 1 + sign;
                    let exponent = self.run(|c| c.is_ascii_digit());
                    let sign = if sign == 1 { "-" } else { "" };
                    digits += &format!("e{sign}{exponent}");
                }
                number(&digits)
            }
            c if is_greek(c) => {
                let digits = self.run(|c| c.is_ascii_digit());
                let below = (!digits.is_empty()).then(|| Box::new(number(&digits)));
                with_scripts(Node::Name(c.to_string()), below, vec![])
            }
            c if c.is_alphabetic() && !is_raised(c) => {
                self.place -= 1;
                self.name()
            }
            c => Node::Operator(c.to_string()),
        }
    }

    /// A name of Latin letters; digits after it are its subscript.
    fn name(&mut self) -> Node {
        let is_mark = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
        let letters =
            self.run(|c| c.is_alphabetic() && !is_greek(c) && !is_raised(c) || is_mark(c));
        let digits = self.run(|c| c.is_ascii_digit());
        let (base, above) = match letters.as_str() {
            "yp" | "Yp" => (&letters[..1], vec![Node::Name("p".to_owned())]),
            whole => (whole, vec![]),
        };
        let below = (!digits.is_empty()).then(|| Box::new(number(&digits)));
        with_scripts(Node::Name(base.to_owned()), below, above)
    }

    /// A bracket: a matrix if it has rows.
    fn bracket(&mut self) -> Node {
        let start = self.place;
        let mut rows = vec![vec![]];
        loop {
            let entry = self.row(&[',', ';']);
            rows.last_mut().expect("there is a row").push(entry);
            if self.accept(';') {
                rows.push(vec![]);
            } else if !self.accept(',') {
                break;
            }
        }
        if rows.len() > 1 && self.peek() == Some(']') {
            self.place += 1;
            return Node::Matrix(rows);
        }
        self.place = start;
        let body = self.row(&[]);
        self.closed('[', body, ']')
    }

    /// What is between two brackets; the first alone, if the second is missing.
    fn closed(&mut self, open: char, body: Vec<Node>, close: char) -> Node {
        if self.accept(close) {
            return Node::Fenced(open, body, close);
        }
        let open = Node::Operator(open.to_string());
        Node::Row([vec![open], body].concat())
    }

    fn scripts(&mut self, base: Node) -> Node {
        let (base, mut below, mut above) = match base {
            Node::Scripts { base, below, above } => (*base, below, above),
            other => (other, None, vec![]),
        };
        loop {
            if below.is_none() && self.peek() == Some('_') {
                self.place += 1;
                below = Some(Box::new(self.subscript()));
                continue;
            }
            if self.peek() == Some('^') && self.peek_after(1).is_some() {
                self.place += 1;
                above.push(self.superscript());
                continue;
            }
            let raised = RAISED.iter().find(|(c, _)| self.peek() == Some(*c));
            let Some(&(c, text)) = raised else { break };
            if c == '\'' && !has_derivative(&base) {
                break;
            }
            self.place += 1;
            above.push(match c {
                '²' | '³' | '⁴' => number(text),
                'ᵀ' => Node::Name("ᵀ".to_owned()),
                _ => Node::Operator(text.to_owned()),
            });
        }
        with_scripts(base, below, above)
    }

    /// `k`, `kj`, `21`, `rows`, or anything in parentheses.
    fn subscript(&mut self) -> Node {
        if self.accept('(') {
            let body = self.row(&[]);
            return match self.closed('(', body, ')') {
                Node::Fenced(_, body, _) => row_of(body),
                open => open,
            };
        }
        let text = self.run(|c| c.is_ascii_alphanumeric());
        let is_word =
            text == "in" || text.len() > 2 && text.chars().all(|c| c.is_ascii_alphabetic());
        if is_word {
            return Node::Name(text);
        }
        let mut indices: Vec<Node> = vec![];
        for c in text.chars() {
            match indices.last_mut() {
                Some(Node::Number(digits)) if c.is_ascii_digit() => digits.push(c),
                _ if c.is_ascii_digit() => indices.push(number(&c.to_string())),
                _ => indices.push(Node::Name(c.to_string())),
            }
        }
        row_of(indices)
    }

    /// A sign and a factor; a function takes its argument along.
    fn superscript(&mut self) -> Node {
        let mut row = vec![];
        if self.accept('-') {
            row.push(Node::Sign);
        }
        let is_word = |node: &Node| matches!(node, Node::Name(name) if name.chars().count() > 1);
        match self.primary() {
            Node::Fenced('(', body, _) => row.extend(body),
            name if is_word(&name) && self.peek() == Some('(') => {
                row.extend([name, self.primary()])
            }
            base => {
                let below = self.accept('_').then(|| Box::new(self.subscript()));
                row.push(with_scripts(base, below, vec![]));
            }
        }
        row_of(row)
    }
}

fn number(digits: &str) -> Node {
    Node::Number(digits.to_owned())
}

fn is_greek(c: char) -> bool {
    ('α'..='ω').contains(&c) || ('Α'..='Ω').contains(&c)
}

fn is_raised(c: char) -> bool {
    RAISED.iter().any(|(raised, _)| *raised == c)
}

fn has_derivative(base: &Node) -> bool {
    matches!(base, Node::Name(name) if name.chars().count() == 1 || FUNCTIONS.contains(&name.as_str()))
}

fn is_operand(node: &Node) -> bool {
    match node {
        Node::Operator(symbol) => matches!(symbol.as_str(), "∂" | "∇" | "∑" | "∞" | "…"),
        Node::Scripts { base, .. } => !matches!(**base, Node::Operator(_)),
        Node::Sign | Node::Space => false,
        _ => true,
    }
}

fn row_of(mut nodes: Vec<Node>) -> Node {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => Node::Row(nodes),
    }
}

/// A numerator or a denominator: its bar makes parentheses unnecessary.
fn bare(mut nodes: Vec<Node>) -> Vec<Node> {
    match &mut nodes[..] {
        [Node::Fenced('(', body, ')')] => std::mem::take(body),
        _ => nodes,
    }
}

fn with_scripts(base: Node, below: Option<Box<Node>>, above: Vec<Node>) -> Node {
    if below.is_none() && above.is_empty() {
        return base;
    }
    Node::Scripts {
        base: Box::new(base),
        below,
        above,
    }
}

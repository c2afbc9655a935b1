//! Just enough of Python's pickles to see what a saved model is made of: classes, attributes and their
//! order. Nothing is executed, and tensors are skipped.
//!
//! # Source
//!
//! The operations are those of
//! [`pickletools.py`](https://github.com/python/cpython/blob/v3.13.0/Lib/pickletools.py), protocols 0 to 5.

use std::collections::HashMap;

use crate::text::plain;

/// Index of a value in its pickle.
pub(crate) type Id = usize;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A list, a tuple or a set.
    Sequence(Vec<Id>),
    /// A dictionary, in its order.
    Dict(Vec<(Id, Id)>),
    /// The full name of a class or a function.
    Class(String),
    /// An object of a class, with its attributes if it has any.
    Object {
        class: Id,
        state: Option<Id>,
    },
    /// Anything else: none, bytes, tensors.
    Other,
}

/// A pickle: its values refer to each other by index, so that shared ones are stored once. It takes
/// memory in proportion to its bytes.
#[derive(Debug)]
pub(crate) struct Pickle {
    nodes: Vec<Node>,
    root: Id,
}

impl Pickle {
    /// Reads the first pickle in `bytes`, and returns the bytes after it too; an error says what is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let mut machine = Machine {
            rest: bytes,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        while !machine.step()? {}
        let root = machine.pop()?;
        let Machine { nodes, rest, .. } = machine;
        Ok((Self { nodes, root }, rest))
    }

    /// The value that the pickle is about.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// The text of a value that is one.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a dictionary; none for another value.
    pub(crate) fn entries(&self, id: Id) -> &[(Id, Id)] {
        match self.node(id) {
            Node::Dict(entries) => entries,
            _ => &[],
        }
    }

    /// Class and attributes of an object. The state of an object is the dictionary of its attributes.
    pub(crate) fn object(&self, id: Id) -> Option<(&str, Id)> {
        match *self.node(id) {
            Node::Object {
                class,
                state: Some(state),
            } => match self.node(class) {
                Node::Class(name) => Some((name, state)),
                _ => None,
            },
            _ => None,
        }
    }

    /// An attribute in a dictionary of attributes.
    pub(crate) fn attribute(&self, state: Id, name: &str) -> Option<Id> {
        let mut entries = self.entries(state).iter();
        let entry = entries.find(|(key, _)| self.text(*key) == Some(name));
        entry.map(|&(_, value)| value)
    }
}

/// The stack machine that a pickle is a program for.
struct Machine<'a> {
    rest: &'a [u8],
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Heights of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Carries out one operation; true at the end.
    fn step(&mut self) -> Result<bool, String> {
        match self.byte()? {
            b'.' => return Ok(true),
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => self.discard()?,
            b'1' => drop(self.since_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.push(Node::Other),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'I' | b'L' => {
                let line = self.line()?;
                let number = match line {
                    "00" => Node::Bool(false),
                    "01" => Node::Bool(true),
                    line => line
                        .trim_end_matches('L')
                        .parse()
                        .map_or(Node::Other, Node::Int),
                };
                self.push(number);
            }
            b'F' => {
                let number = self.line()?.parse().map_or(Node::Other, Node::Float);
                self.push(number);
            }
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Node::Int(number.into()));
            }
            b'K' => {
                let number = self.byte()?;
                self.push(Node::Int(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.push(Node::Int(number.into()));
            }
            b'G' => {
                let number = f64::from_be_bytes(self.array()?);
                self.push(Node::Float(number));
            }
            0x8a => self.long(1)?,
            0x8b => self.long(4)?,
            b'S' | b'V' => {
                let text = plain(self.line()?);
                self.push(Node::Text(text));
            }
            b'T' | b'X' => self.push_text(4)?,
            b'U' | 0x8c => self.push_text(1)?,
            0x8d => self.push_text(8)?,
            b'B' => self.push_bytes(4)?,
            b'C' => self.push_bytes(1)?,
            0x8e | 0x96 => self.push_bytes(8)?,
            b')' | b']' | 0x8f => self.push(Node::Sequence(vec![])),
            b't' | b'l' | 0x91 => {
                let items = self.since_mark()?;
                self.push(Node::Sequence(items));
            }
            0x85 => self.push_tuple(1)?,
            0x86 => self.push_tuple(2)?,
            0x87 => self.push_tuple(3)?,
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.since_mark()?;
                self.extend(items)?;
            }
            b'}' => self.push(Node::Dict(vec![])),
            b'd' => {
                let items = self.since_mark()?;
                self.push(Node::Dict(pairs(&items)));
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(vec![(key, value)])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.insert(pairs(&items))?;
            }
            b'c' => {
                let module = plain(self.line()?);
                let name = plain(self.line()?);
                let class = format!("{module}.{name}");
                self.push(Node::Class(class));
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                let class = match (&self.nodes[module], &self.nodes[name]) {
                    (Node::Text(module), Node::Text(name)) => format!("{module}.{name}"),
                    _ => return Err("a class without a name".to_owned()),
                };
                self.push(Node::Class(class));
            }
            b'R' => {
                let arguments = self.pop()?;
                let callable = self.pop()?;
                let made = self.call(callable, arguments);
                self.push(made);
            }
            0x81 => {
                self.pop()?;
                let class = self.pop()?;
                self.push(Node::Object { class, state: None });
            }
            0x92 => {
                self.pop()?;
                self.pop()?;
                let class = self.pop()?;
                self.push(Node::Object { class, state: None });
            }
            b'b' => {
                let attributes = self.pop()?;
                let top = self.top()?;
                if let Node::Object { state, .. } = &mut self.nodes[top] {
                    *state = Some(attributes);
                }
            }
            b'P' => {
                self.line()?;
                self.push(Node::Other);
            }
            b'Q' => {
                let id = self.pop()?;
                match self.class_of_persistent(id) {
                    Some(class) => self.stack.push(class),
                    None => self.push(Node::Other),
                }
            }
            b'p' => {
                let key = self.number()?;
                self.keep(key)?;
            }
            b'q' => {
                let key = self.byte()?.into();
                self.keep(key)?;
            }
            b'r' => {
                let key = u32::from_le_bytes(self.array()?);
                self.keep(key)?;
            }
            0x94 => {
                let key = u32::try_from(self.memo.len()).map_err(|_| "too many values")?;
                self.keep(key)?;
            }
            b'g' => {
                let key = self.number()?;
                self.recall(key)?;
            }
            b'h' => {
                let key = self.byte()?.into();
                self.recall(key)?;
            }
            b'j' => {
                let key = u32::from_le_bytes(self.array()?);
                self.recall(key)?;
            }
            other => return Err(format!("the pickle has the unknown operation {other:#04x}")),
        }
        Ok(false)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or("the pickle is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("as many bytes as were taken"))
    }

    /// A length of 1, 4 or 8 bytes.
    fn length(&mut self, width: usize) -> Result<usize, String> {
        let mut length = [0; 8];
        length[..width].copy_from_slice(self.take(width)?);
        let length = usize::try_from(u64::from_le_bytes(length));
        length.map_err(|_| "the pickle is cut off".to_owned())
    }

    /// Text up to the end of a line.
    fn line(&mut self) -> Result<&'a str, String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.ok_or("the pickle is cut off")?)?;
        self.take(1)?;
        str::from_utf8(line).map_err(|_| "a name in the pickle is not text".to_owned())
    }

    fn number(&mut self) -> Result<u32, String> {
        let line = self.line()?;
        line.parse()
            .map_err(|_| "the pickle refers to a value without a number".to_owned())
    }

    fn push(&mut self, node: Node) {
        self.nodes.push(node);
        self.stack.push(self.nodes.len() - 1);
    }

    fn push_text(&mut self, width: usize) -> Result<(), String> {
        let length = self.length(width)?;
        let text = plain(&String::from_utf8_lossy(self.take(length)?));
        self.push(Node::Text(text));
        Ok(())
    }

    fn push_bytes(&mut self, width: usize) -> Result<(), String> {
        let length = self.length(width)?;
        self.take(length)?;
        self.push(Node::Other);
        Ok(())
    }

    fn push_tuple(&mut self, length: usize) -> Result<(), String> {
        let mut items = (0..length)
            .map(|_| self.pop())
            .collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Node::Sequence(items));
        Ok(())
    }

    /// An integer after its length; one that is too long for 64 bits stays unknown.
    fn long(&mut self, width: usize) -> Result<(), String> {
        let length = self.length(width)?;
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut number = [if negative { 0xff } else { 0 }; 8];
        self.push(match number.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Node::Int(i64::from_le_bytes(number))
            }
            None => Node::Other,
        });
        Ok(())
    }

    /// The top of the stack, above the last mark.
    fn top(&self) -> Result<Id, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() > floor {
            Ok(self.stack[self.stack.len() - 1])
        } else {
            Err("the pickle takes a value that is not there".to_owned())
        }
    }

    fn pop(&mut self) -> Result<Id, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn discard(&mut self) -> Result<(), String> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("the pickle lacks a mark")?;
        Ok(self.stack.split_off(mark))
    }

    fn extend(&mut self, items: Vec<Id>) -> Result<(), String> {
        let top = self.top()?;
        if let Node::Sequence(sequence) = &mut self.nodes[top] {
            sequence.extend(items);
        }
        Ok(())
    }

    fn insert(&mut self, items: Vec<(Id, Id)>) -> Result<(), String> {
        let top = self.top()?;
        if let Node::Dict(entries) = &mut self.nodes[top] {
            entries.extend(items);
        }
        Ok(())
    }

    /// The result of a call: dictionaries and objects are understood, others are skipped.
    fn call(&self, callable: Id, arguments: Id) -> Node {
        let arguments = match &self.nodes[arguments] {
            Node::Sequence(arguments) => &arguments[..],
            _ => &[],
        };
        let Node::Class(name) = &self.nodes[callable] else {
            return Node::Other;
        };
        match (&name[..], arguments) {
            ("collections.OrderedDict", _) => Node::Dict(self.pairs_of(arguments)),
            // How protocols 0 and 1 make an object.
            ("copy_reg._reconstructor" | "copyreg._reconstructor", [class, ..]) => Node::Object {
                class: *class,
                state: None,
            },
            _ => Node::Other,
        }
    }

    /// The class that a persistent id names: before PyTorch 1.6, a class came with its program.
    fn class_of_persistent(&self, id: Id) -> Option<Id> {
        let Node::Sequence(fields) = &self.nodes[id] else {
            return None;
        };
        let (&kind, &class) = (fields.first()?, fields.get(1)?);
        (self.nodes[kind] == Node::Text("module".to_owned())).then_some(class)
    }

    /// The entries in the argument of a dictionary: a list of pairs.
    fn pairs_of(&self, arguments: &[Id]) -> Vec<(Id, Id)> {
        let Some(&first) = arguments.first() else {
            return vec![];
        };
        let Node::Sequence(items) = &self.nodes[first] else {
            return vec![];
        };
        let pair = |&item: &Id| match &self.nodes[item] {
            Node::Sequence(pair) => match pair[..] {
                [key, value] => Some((key, value)),
                _ => None,
            },
            _ => None,
        };
        items.iter().filter_map(pair).collect()
    }

    fn keep(&mut self, key: u32) -> Result<(), String> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<(), String> {
        let value = self.memo.get(&key);
        self.stack
            .push(*value.ok_or("the pickle refers to a value that is not there")?);
        Ok(())
    }
}

/// Keys and values that alternate.
fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    let (pairs, _) = items.as_chunks::<2>();
    pairs.iter().map(|&[key, value]| (key, value)).collect()
}

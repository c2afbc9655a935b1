//! Rust source as tokens: enough of the language to find modules, paths and calls, and to leave out
//! comments, strings and tests.

/// A word, `::`, or a single other character. Literals are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// Its line, from 1.
    pub(super) line: usize,
}

impl Token<'_> {
    /// Whether it is a name or a keyword.
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(is_word_start)
    }
}

fn is_word_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_word_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The tokens of a file, without those of items under `#[cfg(test)]`.
pub(super) fn code(text: &str) -> Vec<Token<'_>> {
    without_tests(&tokens(text))
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut found, mut rest, mut line) = (vec![], text, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            '\'' => quote(rest),
            _ if raw_string(rest).is_some() => raw_string(rest).unwrap_or_default(),
            c if is_word_start(c) => word(rest),
            c if c.is_ascii_digit() => word(rest),
            _ if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_literal = token.starts_with(['"', '\'']) || raw_string(rest).is_some();
        let is_comment = token.starts_with("//") || token.starts_with("/*");
        if !is_literal && !is_comment && !first.is_whitespace() && !first.is_ascii_digit() {
            found.push(Token {
                text: token.strip_prefix("r#").unwrap_or(token),
                line,
            });
        }
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

/// Length of a word; of `r#word` too.
fn word(text: &str) -> usize {
    let start = if text.starts_with("r#") { 2 } else { 0 };
    let end = text[start..].find(|c| !is_word_part(c));
    end.map_or(text.len(), |end| start + end)
}

/// Length of a comment that starts with `/*`, with those inside it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        let (change, step) = match rest {
            _ if rest.starts_with("/*") => (1, 2),
            _ if rest.starts_with("*/") => (-1, 2),
            _ => (0, rest.chars().next().map_or(1, char::len_utf8)),
        };
        depth = depth.saturating_add_signed(change);
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of a string that starts with a quotation mark.
fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.map_or(text.len(), |(end, _)| end + 1)
}

/// Length of a string with a prefix: `r"..."`, `r#"..."#`, `b"..."`, `br"..."`.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !['r', 'b', 'c'].contains(&c))?;
    let is_raw = text[..prefix].contains('r');
    let marks = &text[prefix..];
    let hashes = marks.find(|c| c != '#')?;
    if prefix == 0 || prefix > 2 || !marks[hashes..].starts_with('"') {
        return None;
    }
    if !is_raw {
        return (hashes == 0).then(|| prefix + string(marks));
    }
    let body = &marks[hashes + 1..];
    let close = format!("\"{}", &marks[..hashes]);
    let end = body
        .find(&close)
        .map_or(body.len(), |end| end + close.len());
    Some(prefix + hashes + 1 + end)
}

/// Length of a character in quotes, or of a lifetime.
fn quote(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((after, c))) => {
            let start = after + c.len_utf8();
            let end = text[start..].find('\'');
            end.map_or(text.len(), |end| start + end + 1)
        }
        (_, Some((end, '\''))) => end + 1,
        _ => 1 + word(&text[1..]),
    }
}

/// The tokens without items, fields and statements under `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let (mut kept, mut at) = (vec![], 0);
    while at < tokens.len() {
        let is_test = text(at) == "#" && text(at + 1) == "[" && {
            let attribute = &tokens[at + 2..closing(tokens, at + 1)];
            let names = |name: &str| attribute.iter().any(|token| token.text == name);
            text(at + 2) == "cfg" && names("test") && !names("not")
        };
        if is_test {
            at = item_end(tokens, closing(tokens, at + 1));
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// Where what opens at `start` is over: one past its closing bracket.
pub(super) fn closing(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Where the item that starts at `start` is over.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => return closing(tokens, at),
            ";" | "," => return at + 1,
            "(" | "[" => at = closing(tokens, at),
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        code(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        let text =
            "// a::b\n/* c /* d */ e */ f::g(\"h \\\" i\", 'j', '\\n', 1.5e3, r#\"k\" l\"#);";
        assert_eq!(
            words(text),
            ["f", "::", "g", "(", ",", ",", ",", ".", ",", ")", ";"]
        );
        assert_eq!(words("fn a<'b>(c: &'b str)")[..4], ["fn", "a", "<", ">"]);
        assert_eq!(
            words("r#type b\"x\" br##\"y\"#\"## '\\u{1}' d"),
            ["type", "d"]
        );
        assert_eq!(code("a\n\"\n\"\nb")[1].line, 4);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "use a;\n#[cfg(test)]\n#[allow(x)]\nmod tests { fn f() { b(); } }\nfn c() {}";
        assert_eq!(words(text).join(" "), "use a ; fn c ( ) { }");
        let text = "#[cfg(test)] use a::b;\n#[cfg(not(test))] use c;";
        assert_eq!(words(text).last(), Some(&";"));
        assert!(words(text).contains(&"c") && !words(text).contains(&"a"));
    }
}

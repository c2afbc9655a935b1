//! Formulas as MathML. All names are those of nodes, which this crate chooses.

use pages::numbers;

/// The sign of a number.
const MINUS: &str = "<mo form=\"prefix\">−</mo>";

/// An identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("<mi>{name}</mi>")
}

/// An operator, a bracket or a space.
pub(crate) fn operator(symbol: &str) -> String {
    format!("<mo>{symbol}</mo>")
}

/// A number as people read it; a negative one in brackets if it follows an operator.
pub(crate) fn number(value: f64, after_operator: bool) -> String {
    let text = numbers::number(value.abs());
    let text = match text.split_once('e') {
        Some((mantissa, exponent)) => format!(
            "<mn>{mantissa}</mn><mo>·</mo><msup><mn>10</mn><mn>{}</mn></msup>",
            exponent.replace('-', "−")
        ),
        None => format!("<mn>{text}</mn>"),
    };
    match (value < 0.0, after_operator) {
        (false, _) => text,
        (true, false) => format!("<mrow>{MINUS}{text}</mrow>"),
        (true, true) => parentheses(&format!("{MINUS}{text}")),
    }
}

/// The name of a node: `z1` with its digit as a subscript, `yp` with its letter as one.
pub(crate) fn name(name: &str) -> String {
    let digits = name.find(|c: char| c.is_ascii_digit());
    match (digits, name) {
        (Some(at), _) if at > 0 => {
            let (letters, digits) = name.split_at(at);
            format!("<msub><mi>{letters}</mi><mn>{digits}</mn></msub>")
        }
        (_, "yp") => "<msub><mi>y</mi><mi>p</mi></msub>".to_owned(),
        _ => identifier(name),
    }
}

/// The gradient of a node.
pub(crate) fn gradient(of: &str) -> String {
    format!("<mrow><mi>δ</mi>{}</mrow>", name(of))
}

/// An element of a matrix, counted from 1; a single number has no indices.
pub(crate) fn element(
    matrix: &str,
    [rows, columns]: [usize; 2],
    [row, column]: [usize; 2],
) -> String {
    if [rows, columns] == [1, 1] {
        return matrix.to_owned();
    }
    format!(
        "<msub><mrow><mo>[</mo>{matrix}<mo>]</mo></mrow><mrow><mn>{}</mn><mo>,</mo><mn>{}</mn></mrow></msub>",
        row + 1,
        column + 1
    )
}

/// A matrix, transposed.
pub(crate) fn transposed(matrix: &str) -> String {
    format!("<msup>{matrix}<mi>T</mi></msup>")
}

/// A power.
pub(crate) fn power(base: &str, exponent: u32) -> String {
    format!("<msup>{base}<mn>{exponent}</mn></msup>")
}

/// A fraction.
pub(crate) fn fraction(above: &str, below: &str) -> String {
    format!("<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>")
}

/// A sum over something.
pub(crate) fn sum(over: &str) -> String {
    format!("<munder><mo>∑</mo><mtext>{over}</mtext></munder>")
}

/// Something in parentheses.
pub(crate) fn parentheses(inner: &str) -> String {
    format!("<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>")
}

/// A formula on a line of its own.
pub(crate) fn formula(left: &str, right: &str) -> String {
    line(left, &[right.to_owned()]).concat()
}

/// A line in pieces, between which a narrow page may break it: `left = first`, `+ second`, `+ third`.
pub(crate) fn line(left: &str, terms: &[String]) -> Vec<String> {
    let piece = |(i, term): (usize, &String)| {
        let before = match i {
            0 => format!("{left}<mo form=\"infix\">=</mo>"),
            _ => "<mo form=\"infix\">+</mo>".to_owned(),
        };
        format!("<math><mrow>{before}{term}</mrow></math>")
    };
    terms.iter().enumerate().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_as_on_the_slides() {
        assert_eq!(name("z12"), "<msub><mi>z</mi><mn>12</mn></msub>");
        assert_eq!(name("loss"), "<mi>loss</mi>");
        assert_eq!(number(0.25, true), "<mn>0.25</mn>");
        assert_eq!(
            number(-0.25, true),
            format!("<mrow><mo>(</mo>{MINUS}<mn>0.25</mn><mo>)</mo></mrow>")
        );
        assert!(number(1.5e-7, false).contains("<msup><mn>10</mn><mn>−7</mn></msup>"));
        assert_eq!(element("<mi>x</mi>", [1, 1], [0, 0]), "<mi>x</mi>");
    }

    #[test]
    fn a_line_breaks_before_a_plus() {
        let line = line(
            "<mi>x</mi>",
            &["<mn>1</mn>".to_owned(), "<mn>2</mn>".to_owned()],
        );
        let expected = [
            "<math><mrow><mi>x</mi><mo form=\"infix\">=</mo><mn>1</mn></mrow></math>",
            "<math><mrow><mo form=\"infix\">+</mo><mn>2</mn></mrow></math>",
        ];
        assert_eq!(line, expected);
    }
}

//! Formulas, written in Unicode and shown as MathML.
//!
//! A formula is one string, which a terminal shows as it is. The notation:
//!
//! | written | shown |
//! |---|---|
//! | `Z5`, `x_kj`, `edge_(i+1)` | a name with a subscript |
//! | `x²`, `Wᵀ`, `W*`, `e^-a`, `e^(z_k - m)` | a name with a superscript |
//! | `Yp`, `yp_k` | the slides' name of the prediction: y with a superscript p |
//! | `Σ_j`, `max_j` | an operator with its index below |
//! | `½`, `∂L/∂z`, `-1/n` | a fraction of the two factors next to `/` |
//! | `√(2 ε)`, `|x|`, `‖x‖` | a root, an absolute value, a norm |
//! | `a b / (c + d)` | with spaces around `/`: a fraction of the two products next to it |
//! | `[1, 0; 2 z1, -1]` | a matrix; in a terminal it takes several lines |
//! | two spaces or more | the end of a formula and the start of another on the same line |
//! | letters of two or more | a word or a function's name, upright |

mod mathml;
mod parse;
mod text;

pub(crate) use mathml::matrix;
use parse::Node;

/// Formulas in lines, each line with one formula or several.
///
/// ```
/// let formula = pages::formula::Formula::new("δW = Xᵀ·δZ        L = ½‖Yp - Y‖²");
/// let html = formula.to_html();
/// assert!(html.contains("<msup><mi>X</mi><mi mathvariant=\"normal\">T</mi></msup>"));
/// assert_eq!(html.matches("<math").count(), 2);
/// assert_eq!(formula.to_text(), "δW = Xᵀ·δZ        L = ½‖Yp - Y‖²");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula(String);

impl Formula {
    /// A formula in the notation of this module.
    pub fn new(source: impl Into<String>) -> Self {
        Self(source.into())
    }

    /// The formula for the terminal: as it was written, and matrices in lines.
    pub fn to_text(&self) -> String {
        let lines = self.0.lines().map(text::line);
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Each line as an element with its formulas as MathML.
    pub fn to_html(&self) -> String {
        let lines = self.0.lines().map(|line| {
            let formulas = parse::parts(line);
            let formulas = formulas
                .iter()
                .map(|part| mathml::math(&parse::nodes(part)));
            let class = if line.starts_with(' ') {
                "line continued"
            } else {
                "line"
            };
            let formulas = formulas.collect::<Vec<_>>().join(" ");
            format!("<div class=\"{class}\">{formulas}</div>")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The formula as MathML, for a cell.
    pub(crate) fn inline(&self) -> String {
        mathml::math(&parse::nodes(&self.0))
    }

    /// An equation as its left side and the rest with the sign, both as MathML; the second is `None`
    /// if there is no equals sign.
    pub(crate) fn sides(&self) -> (String, Option<String>) {
        let mut left = parse::nodes(&self.0);
        let equals = |node: &Node| *node == Node::Operator("=".to_owned());
        let rest = left
            .iter()
            .position(equals)
            .map(|place| left.split_off(place));
        (mathml::math(&left), rest.map(|rest| mathml::math(&rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formulas on a line, without what is the same for all of them.
    fn mathml(source: &str) -> Vec<String> {
        let formulas = parse::parts(source);
        let formulas = formulas
            .iter()
            .map(|part| mathml::math(&parse::nodes(part)));
        let formulas = formulas.map(|html| {
            let (_, inside) = html.split_once("><mrow>").unwrap();
            inside.trim_end_matches("</mrow></math>").to_owned()
        });
        formulas.collect()
    }

    fn one(source: &str) -> String {
        let formulas = mathml(source);
        assert_eq!(formulas.len(), 1, "{source}");
        formulas[0].clone()
    }

    #[test]
    fn names_have_their_subscripts_and_superscripts() {
        assert_eq!(one("Z5"), "<msub><mi>Z</mi><mn>5</mn></msub>");
        assert_eq!(
            one("x_kj"),
            "<msub><mi>x</mi><mrow><mi>k</mi><mi>j</mi></mrow></msub>"
        );
        assert_eq!(
            one("yp_k"),
            "<msubsup><mi>y</mi><mi>k</mi><mi>p</mi></msubsup>"
        );
        assert_eq!(
            one("z2²"),
            "<msubsup><mi>z</mi><mn>2</mn><mn>2</mn></msubsup>"
        );
        assert_eq!(
            one("e^(z_k - m)"),
            "<msup><mi>e</mi><mrow><msub><mi>z</mi><mi>k</mi></msub><mo>−</mo><mi>m</mi></mrow></msup>"
        );
        assert_eq!(
            one("W*ᵀ"),
            "<msup><mi>W</mi><mrow><mo>*</mo><mi mathvariant=\"normal\">T</mi></mrow></msup>"
        );
        assert_eq!(one("f'"), "<msup><mi>f</mi><mo>′</mo></msup>");
    }

    #[test]
    fn a_gradient_and_a_derivative_are_one_factor() {
        assert_eq!(
            one("∂yp_k/∂z_i"),
            "<mfrac><mrow><mo>∂</mo><msubsup><mi>y</mi><mi>k</mi><mi>p</mi></msubsup></mrow>\
             <mrow><mo>∂</mo><msub><mi>z</mi><mi>i</mi></msub></mrow></mfrac>"
        );
        assert_eq!(
            one("δW1"),
            "<mrow><mi>δ</mi><msub><mi>W</mi><mn>1</mn></msub></mrow>"
        );
        assert_eq!(
            one("δ_ik"),
            "<msub><mi>δ</mi><mrow><mi>i</mi><mi>k</mi></mrow></msub>"
        );
    }

    #[test]
    fn spaces_around_a_fraction_s_bar_make_it_a_fraction_of_products() {
        assert_eq!(
            one("-1/n a"),
            "<mo form=\"prefix\">−</mo><mfrac><mn>1</mn><mi>n</mi></mfrac><mspace width=\"0.2em\"/><mi>a</mi>"
        );
        assert_eq!(
            one("a b / (c + d)"),
            "<mfrac><mrow><mi>a</mi><mspace width=\"0.2em\"/><mi>b</mi></mrow>\
             <mrow><mi>c</mi><mo>+</mo><mi>d</mi></mrow></mfrac>"
        );
        assert_eq!(
            one("yp = e / Σ_j e_j"),
            "<msup><mi>y</mi><mi>p</mi></msup><mo>=</mo><mfrac><mi>e</mi>\
             <mrow><munder><mo movablelimits=\"false\">∑</mo><mi>j</mi></munder><msub><mi>e</mi><mi>j</mi></msub></mrow></mfrac>"
        );
    }

    #[test]
    fn a_matrix_has_rows_and_brackets_and_takes_several_lines_in_a_terminal() {
        let source = "J = [1, -1; 2 z1, 0]  =  [1, -1; 2, 0]";
        let html = one("J = [1, -1; 2 z1, 0]");
        assert_eq!(html.matches("<mtr>").count(), 2);
        assert_eq!(html.matches("<mtd>").count(), 4);
        assert!(html.contains("<mtable class=\"matrix\">"), "{html}");
        assert_eq!(
            Formula::new(source).to_text(),
            "J = [    1  -1 ]  =  [ 1  -1 ]\n    [ 2 z1   0 ]     [ 2   0 ]"
        );
    }

    #[test]
    fn a_line_has_several_formulas_and_an_equation_two_sides() {
        assert_eq!(mathml("a = b        c = d").len(), 2);
        // An aligned equals sign begins no formula, and a vector ends none.
        assert_eq!(mathml("a    = b").len(), 1);
        assert_eq!(mathml("∇f = [ x,  y ]").len(), 1);
        let (left, right) = Formula::new("δb2 = Σ_rows δZ5").sides();
        assert!(
            left.contains("<mi>b</mi>") && !left.contains("<mo>=</mo>"),
            "{left}"
        );
        assert!(right.unwrap().contains("<mo>=</mo>"));
        assert_eq!(Formula::new("L").sides().1, None);
    }

    #[test]
    fn roots_and_bars_hold_what_belongs_to_them() {
        assert_eq!(
            one("√(2 a)"),
            "<msqrt><mn>2</mn><mspace width=\"0.2em\"/><mi>a</mi></msqrt>"
        );
        assert_eq!(
            one("|f|/h"),
            "<mfrac><mrow><mo>|</mo><mi>f</mi><mo>|</mo></mrow><mi>h</mi></mfrac>"
        );
        assert_eq!(
            one("d_in + β1"),
            "<msub><mi>d</mi><mi>in</mi></msub><mo>+</mo><msub><mi>β</mi><mn>1</mn></msub>"
        );
    }

    #[test]
    fn words_are_upright_and_markup_is_escaped() {
        assert_eq!(
            one("ln a"),
            "<mi>ln</mi><mspace width=\"0.2em\"/><mi>a</mi>"
        );
        assert!(one("a < b").contains("<mo>&lt;</mo>"));
        assert_eq!(
            one("σ'(Z2)∘δ"),
            "<msup><mi>σ</mi><mo>′</mo></msup><mrow><mo>(</mo><msub><mi>Z</mi><mn>2</mn></msub>\
             <mo>)</mo></mrow><mo>∘</mo><mi>δ</mi>"
        );
    }

    #[test]
    fn unbalanced_brackets_lose_nothing() {
        for source in [
            "(a", "a)", "[1; 2", "‖a", "a /", "/ b", "^", "_", "Σ_", "a_(b", "|a", "√",
        ] {
            let html = Formula::new(source).to_html();
            for letter in source.chars().filter(char::is_ascii_alphanumeric) {
                assert!(html.contains(letter), "{source}: {html}");
            }
        }
    }
}

//! The options of a drawing.

/// How a graph is drawn.
///
/// ```
/// use computational_graph::SvgOptions;
///
/// let options = SvgOptions { title: "After training".to_owned(), ..SvgOptions::default() };
/// assert_eq!(options.max_cells, 16);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SvgOptions {
    /// What a screen reader announces.
    pub title: String,
    /// Every class in the drawing begins with `cg-`, or with `cg-PREFIX-` if a prefix is given, so
    /// that a page can style one drawing apart from the others. Characters other than ASCII
    /// letters and digits, `-` and `_` become `-`. The drawing has no ids.
    pub prefix: String,
    /// The largest number of elements of a matrix that is written out, element by element. Such a
    /// matrix also has at most 4 columns and 8 rows.
    pub max_cells: usize,
    /// Significant digits of a matrix's largest element; a single number has two more.
    pub digits: usize,
    /// The largest width of the drawing, in pixels. A graph that is wider is broken into rows: a value that another
    /// row uses leaves its row with its name, and comes with its name into the other one. A single column may be
    /// wider. `None` for one row.
    pub width: Option<f64>,
    /// Whether a legend below the graph explains the symbols.
    pub legend: bool,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            title: "Computational graph".to_owned(),
            prefix: String::new(),
            max_cells: 16,
            digits: 3,
            width: None,
            legend: true,
        }
    }
}

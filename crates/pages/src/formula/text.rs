//! Formulas for the terminal: matrices in lines.

/// A line of formulas; as many lines as its highest matrix has rows.
pub(super) fn line(source: &str) -> String {
    let pieces = pieces(source);
    let height = pieces.iter().map(Vec::len).max().unwrap_or(1);
    let lines = (0..height).map(|row| {
        let pieces = pieces.iter().map(|piece| match piece.get(row) {
            Some(text) => text.clone(),
            None => " ".repeat(piece.first().map_or(0, |text| text.chars().count())),
        });
        pieces.collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The line in pieces: text, which has one line, and matrices, which have a line for each row.
fn pieces(source: &str) -> Vec<Vec<String>> {
    let mut pieces = vec![];
    let mut rest = source;
    while let Some(start) = rest.find('[') {
        let Some(length) = rest[start..].find(']') else {
            break;
        };
        let (before, matrix) = (&rest[..start], &rest[start + 1..start + length]);
        if matrix.contains(';') {
            pieces.extend([vec![before.to_owned()], rows(matrix)]);
        } else {
            pieces.push(vec![rest[..=start + length].to_owned()]);
        }
        rest = &rest[start + length + 1..];
    }
    pieces.push(vec![rest.to_owned()]);
    pieces
}

/// The rows of a matrix, its columns aligned.
fn rows(matrix: &str) -> Vec<String> {
    let rows = matrix.split(';').map(|row| row.split(',').map(str::trim));
    let rows = rows.map(Iterator::collect).collect::<Vec<Vec<_>>>();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<&str>| {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(column, cell)| format!("{cell:>0$}", width(column)));
        format!("[ {} ]", cells.collect::<Vec<_>>().join("  "))
    };
    rows.iter().map(line).collect()
}

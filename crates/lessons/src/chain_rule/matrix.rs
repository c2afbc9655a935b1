//! Matrices as text.

/// A matrix, a line for each row, its columns aligned.
pub(super) fn matrix(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(column, cell)| format!("{cell:>0$}", width(column)));
        format!("[ {} ]", cells.collect::<Vec<_>>().join("  "))
    };
    rows.iter().map(line).collect()
}

/// Matrices with the same number of rows, next to each other with equals signs.
pub(super) fn equated(name: &str, matrices: &[Vec<String>]) -> String {
    let indent = " ".repeat(name.chars().count());
    let lines = (0..matrices.first().map_or(0, Vec::len)).map(|i| {
        let rows = matrices.iter().map(|matrix| matrix[i].as_str());
        let rows = rows.collect::<Vec<_>>();
        match i {
            0 => format!("{name}{}", rows.join("  =  ")),
            _ => format!("{indent}{}", rows.join("     ")),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_aligned() {
        let rows = [["1", "-1"], ["2 z1", "0"]].map(|row| row.map(str::to_owned).to_vec());
        let lines = matrix(&rows);
        assert_eq!(lines, ["[    1  -1 ]", "[ 2 z1   0 ]"]);
        let twice = equated("J = ", &[lines.clone(), lines]);
        assert_eq!(
            twice,
            "J = [    1  -1 ]  =  [    1  -1 ]\n    [ 2 z1   0 ]     [ 2 z1   0 ]"
        );
    }
}

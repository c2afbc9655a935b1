//! Pages: text, formulas, tables and figures, shown in the terminal and as HTML that needs no other
//! file. The lessons and the reports of runs are made of them.

pub(crate) mod colours;
pub(crate) mod images;
pub(crate) mod numbers;
pub(crate) mod page;
pub(crate) mod plot;
pub(crate) mod terms;

//! A net's metrics on a test set, as tables and text.

use pages::numbers::percent;
use pages::page::Table;
use training::{Confusion, LEVEL, ModelName, wilson_interval};

/// The confidence interval of the accuracy at the level [`LEVEL`]; none for the truth table, which has no
/// other rows.
pub fn accuracy_interval(model: ModelName, confusion: &Confusion) -> Option<[f64; 2]> {
    match model {
        ModelName::XorNet => None,
        ModelName::MnistMlp | ModelName::LinearRegression => {
            wilson_interval(confusion.correct(), confusion.total())
        }
    }
}

/// An accuracy with its interval.
///
/// ```
/// use run_report::tables::accuracy_text;
///
/// let text = accuracy_text(0.97573, Some([0.97254, 0.97853]));
/// assert_eq!(text, "97.57 % (95 % interval: 97.25 to 97.85 %)");
/// ```
pub fn accuracy_text(accuracy: f64, interval: Option<[f64; 2]>) -> String {
    let accuracy = percent(accuracy);
    match interval {
        Some(interval) => format!(
            "{accuracy} ({:.0} % interval: {})",
            100.0 * LEVEL,
            interval_text(interval)
        ),
        None => accuracy,
    }
}

/// Why weights are far from those of the exact solution although the losses are near each other, where that
/// is so. `distance` is `‖W - W*‖ / ‖W*‖`; `loss_gap` is the difference of the losses, relative to that of the
/// exact solution.
///
/// ```
/// use run_report::tables::why_so_far;
///
/// assert!(why_so_far(0.9998, 0.071).unwrap().contains("hardly vary"));
/// assert_eq!(why_so_far(0.05, 0.003), None);
/// assert_eq!(why_so_far(0.9, 0.8), None);
/// ```
pub fn why_so_far(distance: f64, loss_gap: f64) -> Option<String> {
    const FAR: f64 = 0.1;
    (distance >= FAR && loss_gap < distance / 2.0).then(|| {
        format!(
            "far in weights, near in loss: W* is large along directions in which the images hardly vary, such \
             as pixels that are almost always blank; weights along them change the outputs little, so \
             gradient descent hardly moves along them: more --epochs close the gap in the loss of {} only \
             slowly; a larger --ridge keeps W* itself small there",
            percent(loss_gap)
        )
    })
}

/// `97.25 to 97.85 %`.
pub(crate) fn interval_text([low, high]: [f64; 2]) -> String {
    format!("{:.2} to {:.2} %", 100.0 * low, 100.0 * high)
}

/// The confusion matrix: a row for each true class, a column for each predicted class.
///
/// # Panics
///
/// If there is not a name for each class.
pub fn confusion_table(confusion: &Confusion, names: &[String]) -> Table {
    let columns = std::iter::once("true \\ predicted").chain(names.iter().map(String::as_str));
    let mut table = Table::new(columns);
    for (name, counts) in names.iter().zip(confusion.rows()) {
        let counts = counts.iter().map(usize::to_string);
        table.push(std::iter::once(name.clone()).chain(counts));
    }
    table
}

/// Precision, recall and F1 of every class.
pub fn class_table(confusion: &Confusion, names: &[String]) -> Table {
    let columns = ["class", "rows", "predicted", "precision", "recall", "F1"];
    let mut table = Table::new(columns);
    let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), percent);
    for (class, name) in names.iter().enumerate() {
        let metrics = confusion.class(class);
        table.push([
            name.clone(),
            metrics.count.to_string(),
            metrics.predicted.to_string(),
            ratio(metrics.precision),
            ratio(metrics.recall),
            ratio(metrics.f1),
        ]);
    }
    table
}

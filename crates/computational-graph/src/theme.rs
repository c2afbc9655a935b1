//! The colours of a drawing, each for a light and for a dark page.

/// The use of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Names and formulas.
    Ink,
    /// Secondary text.
    Muted,
    /// Values, flowing right.
    Value,
    /// Gradients, flowing left.
    Gradient,
    /// Lines of edges.
    Edge,
    /// Heads of arrows.
    EdgeHead,
    /// A gradient's arrow.
    GradientLine,
    /// Nodes.
    Input,
    Parameter,
    Operation,
    /// A heat strip's cell, from `-LEVELS` to `LEVELS`.
    Heat(i8),
    /// A heat strip's cell with an element that is not finite.
    NoHeat,
}

impl Role {
    /// Every role, heat levels included.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let levels = -crate::summary::LEVELS..=crate::summary::LEVELS;
        [
            Self::Ink,
            Self::Muted,
            Self::Value,
            Self::Gradient,
            Self::Edge,
            Self::EdgeHead,
            Self::GradientLine,
            Self::Input,
            Self::Parameter,
            Self::Operation,
            Self::NoHeat,
        ]
        .into_iter()
        .chain(levels.map(Self::Heat))
    }

    /// The end of the role's class.
    pub(crate) fn class(self) -> String {
        match self {
            Self::Ink => "ink".to_owned(),
            Self::Muted => "muted".to_owned(),
            Self::Value => "value".to_owned(),
            Self::Gradient => "gradient".to_owned(),
            Self::Edge => "edge".to_owned(),
            Self::EdgeHead => "edge-head".to_owned(),
            Self::GradientLine => "gradient-line".to_owned(),
            Self::Input => "input".to_owned(),
            Self::Parameter => "parameter".to_owned(),
            Self::Operation => "operation".to_owned(),
            Self::Heat(level) if level < 0 => format!("heat-minus{}", -level),
            Self::Heat(level) => format!("heat-plus{level}"),
            Self::NoHeat => "heat-none".to_owned(),
        }
    }

    /// Fill and stroke on a light page.
    pub(crate) fn light(self) -> [&'static str; 2] {
        match self {
            Self::Ink => ["#1f2328", "none"],
            Self::Muted => ["#59636e", "none"],
            Self::Value => ["#0969da", "none"],
            Self::Gradient => ["#bc4c00", "none"],
            Self::Edge => ["none", "#818b98"],
            Self::EdgeHead => ["#818b98", "none"],
            Self::GradientLine => ["none", "#bc4c00"],
            Self::Input => ["#f6f8fa", "#59636e"],
            Self::Parameter => ["#fff8c5", "#9a6700"],
            Self::Operation => ["#ddf4ff", "#0969da"],
            Self::Heat(level) => [
                heat(
                    level,
                    ["#762a83", "#9970ab", "#c2a5cf", "#e7d4e8"],
                    "#f0f0f0",
                    ["#d9f0d3", "#a6dba0", "#5aae61", "#1b7837"],
                ),
                "none",
            ],
            Self::NoHeat => ["#cf222e", "none"],
        }
    }

    /// Fill and stroke on a dark page.
    pub(crate) fn dark(self) -> [&'static str; 2] {
        match self {
            Self::Ink => ["#e6edf3", "none"],
            Self::Muted => ["#9198a1", "none"],
            Self::Value => ["#58a6ff", "none"],
            Self::Gradient => ["#f0883e", "none"],
            Self::Edge => ["none", "#7d8590"],
            Self::EdgeHead => ["#7d8590", "none"],
            Self::GradientLine => ["none", "#f0883e"],
            Self::Input => ["#161b22", "#9198a1"],
            Self::Parameter => ["#2e2711", "#d29922"],
            Self::Operation => ["#0c2440", "#58a6ff"],
            Self::Heat(level) => [
                heat(
                    level,
                    ["#d6a5e3", "#b07cc0", "#7d5190", "#4c3358"],
                    "#2a2f36",
                    ["#2c4a33", "#3f7a4a", "#5cad67", "#93dd9a"],
                ),
                "none",
            ],
            Self::NoHeat => ["#ff7b72", "none"],
        }
    }
}

/// A diverging scale: below zero from the strongest on, zero, above zero up to the strongest.
fn heat(
    level: i8,
    below: [&'static str; 4],
    zero: &'static str,
    above: [&'static str; 4],
) -> &'static str {
    match level {
        0 => zero,
        level if level < 0 => below[usize::from((level + 4).unsigned_abs().min(3))],
        level => above[usize::from(level.unsigned_abs().min(4) - 1)],
    }
}

/// The rules that replace the light colours on a dark page, for classes with this prefix.
pub(crate) fn dark_rules(class_prefix: &str) -> String {
    let rules = Role::all().map(|role| {
        let [fill, stroke] = role.dark();
        let class = role.class();
        format!(".{class_prefix}-{class}{{fill:{fill};stroke:{stroke}}}")
    });
    format!(
        "@media (prefers-color-scheme:dark){{{}}}",
        rules.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_distinct_and_so_are_the_heat_levels_in_both_themes() {
        let mut classes = Role::all().map(Role::class).collect::<Vec<_>>();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), Role::all().count());
        for theme in [Role::light, Role::dark] {
            let mut colours = (-4..=4)
                .map(|level| theme(Role::Heat(level)))
                .collect::<Vec<_>>();
            colours.sort_unstable();
            colours.dedup();
            assert_eq!(colours.len(), 9);
        }
    }
}

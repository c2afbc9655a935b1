//! Any text, read as other spellings of class names, must give a map that does as its lines say, or an
//! error with the line.

#![no_main]

use std::path::Path;

use datasets::{ClassMap, label_of_class};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ClassMap::parse(text, Path::new("map")) {
        Ok(map) => {
            for (name, class) in map.pairs() {
                assert!(!name.is_empty() && !class.is_empty() && text.contains(name));
                assert_eq!(map.class_of(name), class);
                let classes = ["another".to_owned(), class.to_owned()];
                assert_eq!(
                    label_of_class(name, &classes, &map),
                    Some(usize::from(class != "another"))
                );
            }
            let again = map.pairs().map(|(name, class)| format!("{name}={class}\n"));
            let again = ClassMap::parse(&again.collect::<String>(), Path::new("map"));
            // A name that begins with the sign of a comment, or has an equals sign after a tab, is not
            // written in this form.
            if !text.contains(['#', '\t', ',', '\u{feff}']) {
                assert_eq!(again.ok(), Some(map));
            }
        }
        Err(error) => {
            let error = error.to_string();
            assert!(
                error.starts_with("map: line ") && !error.contains('\n'),
                "{error}"
            );
        }
    }
});

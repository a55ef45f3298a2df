//! What is checked, as a table: of each the name, the words and where they come from, written down once.
//!
//! Comes in: such a table. Goes out: an enum with one name for each, its words, and a property for each.

/// Makes the enum. `$when` is the kind of [`stateright::Property`], `$holds` the function that says whether one holds in a state.
macro_rules! checks {
    (
        $(#[$about:meta])*
        $kind:ident, $when:ident by $holds:path:
        $($(#[$source:meta])* $name:ident = $text:literal,)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind {
            $(#[doc = $text] $(#[$source])* $name,)*
        }

        impl $kind {
            /// In words.
            pub fn text(self) -> &'static str {
                match self {
                    $($kind::$name => $text,)*
                }
            }

            /// A property for each. The checker takes functions, not closures that know which one they are for.
            pub fn properties() -> Vec<($kind, stateright::Property<crate::model::World>)> {
                vec![$((
                    $kind::$name,
                    stateright::Property::$when($text, |world, state| $holds(world, state, $kind::$name)),
                ),)*]
            }
        }
    };
}

pub(crate) use checks;

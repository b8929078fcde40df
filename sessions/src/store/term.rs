use std::fmt::{Display, Formatter};
use std::str::FromStr;

use super::Term;

/// As `welcome` tells it.
impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:016x}", self.counter, self.nonce)
    }
}

/// A text that no term is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no term")]
pub struct NoTerm;

impl FromStr for Term {
    type Err = NoTerm;

    fn from_str(text: &str) -> Result<Self, NoTerm> {
        let (counter, nonce) = text.split_once('-').ok_or(NoTerm)?;
        let term = Self {
            counter: counter.parse().map_err(|_| NoTerm)?,
            nonce: u64::from_str_radix(nonce, 16).map_err(|_| NoTerm)?,
        };
        // One term has one name.
        if term.to_string() == text {
            Ok(term)
        } else {
            Err(NoTerm)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NoTerm, Term};

    #[test]
    fn a_term_is_read_as_it_is_written() {
        let term = Term {
            counter: 12,
            nonce: 0x0abc,
        };
        assert_eq!(term.to_string(), "12-0000000000000abc");
        assert_eq!(term.to_string().parse(), Ok(term));
    }

    #[test]
    fn nothing_else_is_a_term() {
        for text in [
            "",
            "-",
            "12",
            "12-",
            "12-abc",
            "+12-0000000000000abc",
            "12-0000000000000ABC",
            "1-00000000000000000",
        ] {
            assert_eq!(text.parse::<Term>(), Err(NoTerm), "{text}");
        }
    }
}

//! Random numbers by counter: the same numbers, in whatever order and by whichever thread they are drawn.

/// The multipliers of a round.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];

/// What is added to the key after each round: the golden ratio and √3 - 1, as fractions of 2³².
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

const ROUNDS: usize = 10;

/// Philox4x32-10 of `N` counters side by side: word `w` of counter `i` is `counters[w][i]`, in the result too.
///
/// # Formula
///
/// ```text
/// (h0, l0) = M0 c0    (h1, l1) = M1 c2        the high and the low word of a product
/// c ← (h1 ⊕ c1 ⊕ k0, l1, h0 ⊕ c3 ⊕ k1, l0)    k ← k + W        ten times
/// ```
///
/// # Source
///
/// Salmon, Moraes, Dror and Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011, section 3.3.
// Inlined, so that it is compiled for the vectors of the processor where the caller is. In place, word by word:
// with arrays by value, the compiler writes no vectors.
#[inline(always)]
pub(crate) fn philox<const N: usize>(mut counters: [[u32; N]; 4], key: [u32; 2]) -> [[u32; N]; 4] {
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        let [c0, c1, c2, c3] = &mut counters;
        for i in 0..N {
            let p0 = u64::from(c0[i]) * u64::from(MULTIPLIERS[0]);
            let p1 = u64::from(c2[i]) * u64::from(MULTIPLIERS[1]);
            c0[i] = (p1 >> 32) as u32 ^ c1[i] ^ k0;
            c1[i] = p1 as u32;
            c2[i] = (p0 >> 32) as u32 ^ c3[i] ^ k1;
            c3[i] = p0 as u32;
        }
        (k0, k1) = (k0.wrapping_add(WEYL[0]), k1.wrapping_add(WEYL[1]));
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counter, key and result, from the file `kat_vectors` of the authors' library Random123.
    const PUBLISHED: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
        (
            [0; 4],
            [0; 2],
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
        ),
        (
            [u32::MAX; 4],
            [u32::MAX; 2],
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
        ),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];

    #[test]
    fn the_published_vectors_come_out() {
        for (counter, key, expected) in PUBLISHED {
            let result = philox(counter.map(|word| [word]), key);
            assert_eq!(result.map(|[word]| word), expected);
        }
    }

    #[test]
    fn counters_side_by_side_do_not_mix() {
        let key = [5, 6];
        let counters = [[1, 2, 3], [9, 8, 7], [0, 0, 1], [4, 4, 4]];
        let all = philox(counters, key);
        for i in 0..3 {
            let one = philox(counters.map(|words| [words[i]]), key);
            assert_eq!(one.map(|[word]| word), all.map(|words| words[i]));
        }
    }
}

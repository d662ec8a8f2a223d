#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| seqline_fuzz::search::run(input));

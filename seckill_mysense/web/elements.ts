/** The element of an id, which the page is known to have. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

export function button(id: string): HTMLButtonElement {
  return element(id) as HTMLButtonElement;
}

export function input(id: string): HTMLInputElement {
  return element(id) as HTMLInputElement;
}

/** Only ever as text: what it says comes from the server's data, and is never markup. */
export function setText(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

export function show(id: string, visible: boolean): void {
  element(id).hidden = !visible;
}

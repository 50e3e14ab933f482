/** The element with an id that the page is known to contain. */
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

/** Sets the text of an element. Data from the server is always shown as text, never as markup. */
export function setText(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

export function show(id: string, visible: boolean): void {
  element(id).hidden = !visible;
}

/** Markup whose texts are escaped. */
export interface Html {
  markup: string;
}

/** A template: what is put in is text, or markup that was made here. */
export function html(parts: TemplateStringsArray, ...values: (string | Html)[]): Html {
  const markup = parts.reduce((made, part, index) => {
    const value = values[index - 1] ?? "";
    return `${made}${typeof value === "string" ? escaped(value) : value.markup}${part}`;
  });
  return { markup };
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

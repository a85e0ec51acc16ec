/** More would be texts that vary with their values (lists of any length), each planned once and kept for nothing. */
const mostNames = 500;

/** Names statements by their text, so that Postgres parses and plans each once per connection (named prepared
 *  statements, protocol §55.2.3) and not at every use, which costs more than to run them. What comes past `most` texts
 *  is unnamed. */
export function statementNames(most = mostNames): (statement: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= most) return "";
    const name = `s${names.size + 1}`;
    names.set(sql, name);
    return name;
  };
}

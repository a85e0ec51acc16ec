/** The bytes are not what their format promises. The message is for the user, without the path. */
export class Unreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Unreadable";
  }
}

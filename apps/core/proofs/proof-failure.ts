/** The image's fault: trying it again would end the same way. The message is one readable line. */
export class ProofFailure extends Error {}

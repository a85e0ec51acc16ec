import type { Figure } from "./figure.ts";
import { promotionAt } from "./figures/promotion-at.ts";
import { promotionMove } from "./figures/promotion-move.ts";
import { promotionRate } from "./figures/promotion-rate.ts";
import { promotionWebhook } from "./figures/promotion-webhook.ts";

/** How soon a decision is made, stands in the registry, and is found again. */
export const promotion: readonly Figure[] = [promotionMove, promotionRate, promotionAt, promotionWebhook];

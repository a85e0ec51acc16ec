-- A tag that goes on to an image from elsewhere stays true where the model's own images are: in one repository, of the image that it
-- points at, or else of the model's last.
ALTER TABLE "tag_syncs" ADD COLUMN "home" BOOLEAN NOT NULL DEFAULT false;

-- Whether there is any is asked every few seconds.
CREATE INDEX "images_external_idx" ON "images"("id") WHERE (origin <> 'built');

UPDATE tag_syncs s SET home = true
FROM tags t
LEFT JOIN versions v ON v.id = t.version_id
LEFT JOIN images i ON i.id = v.image_id
CROSS JOIN LATERAL (
  SELECT b.registry, b.repository FROM images b JOIN versions o ON o.image_id = b.id
  WHERE o.model_id = t.model_id AND b.origin = 'built' AND (i.origin IS DISTINCT FROM 'built' OR b.id = i.id)
  ORDER BY b.created_at DESC, b.id DESC LIMIT 1) own
WHERE t.model_id = s.model_id AND t.name = s.tag AND NOT s.copy
  AND s.registry = own.registry AND s.repository = own.repository;

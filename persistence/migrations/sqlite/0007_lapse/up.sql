DROP TABLE milestones_reached;
